/* SPDX-License-Identifier: MIT */
/*
 * Every ceiling of the library, with its reason. A caller can raise those that are policy.
 */
#ifndef CREG_BASE_LIMITS_H
#define CREG_BASE_LIMITS_H

enum {
    /* One name, or one decoded segment of a key: what file systems allow, too. */
    CREG_LIMIT_NAME = 255,
    /* One whole key. LMDB holds 511 bytes itself; its driver stores longer ones by hash. */
    CREG_LIMIT_KEY = 2048,
    /* One value: Consul's kv_max_value_size, the smallest of the stores. */
    CREG_LIMIT_VALUE = 512 * 1024,
    /* Keys of one instance: two hundred times the largest known product. */
    CREG_LIMIT_INSTANCE_KEYS = 1000000,
    /* Nesting of JSON, YAML and rendered trees: libyaml is quadratic in nested flow. */
    CREG_LIMIT_DEPTH = 200,
    /* Nodes of one YAML document after expanding aliases. */
    CREG_LIMIT_YAML_NODES = 1000000,
    /* One JSON or YAML text: nobody means a larger one, and sizes of strings are 32 bits. */
    CREG_LIMIT_DOCUMENT = 1024 * 1024 * 1024,
    /* One options document or import file line. */
    CREG_LIMIT_OPTIONS_BYTES = 4 * 1024 * 1024,

    /* The template engine; see jinja_limits. */
    CREG_LIMIT_TEMPLATE_SOURCE = 1024 * 1024,
    CREG_LIMIT_TEMPLATE_OUTPUT = 64 * 1024 * 1024,
    CREG_LIMIT_TEMPLATE_MEMORY = 256 * 1024 * 1024,
    /* Seven times what the example body takes for 2,000 slaves (0.66 million steps), and less
     * than a quarter of a second of whatever a step is. */
    CREG_LIMIT_TEMPLATE_FUEL = 5000000,
    CREG_LIMIT_TEMPLATE_PARSE_DEPTH = 200,
    CREG_LIMIT_TEMPLATE_CALL_DEPTH = 100,
    CREG_LIMIT_TEMPLATE_RANGE = 100000,
    /* Digits of an integer: arithmetic on more than this costs more than a template is worth. */
    CREG_LIMIT_INTEGER_DIGITS = 10000
};

/* Everything that one registry operation makes on the way: a tree of a million keys fits. */
#define CREG_LIMIT_OPERATION_BYTES ((size_t)2 * 1024 * 1024 * 1024)

#endif
