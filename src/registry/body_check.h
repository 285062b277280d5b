/* SPDX-License-Identifier: MIT */
/*
 * Did a value change the structure of the text that it was put into?
 *
 * Inside quotes the engine escapes values, so there they cannot. A value outside quotes (a
 * number, a plain YAML scalar) must have stayed one scalar, or part of one; anything more is
 * somebody's option adding keys.
 */
#ifndef CREG_REGISTRY_BODY_CHECK_H
#define CREG_REGISTRY_BODY_CHECK_H

#include "confreg/jinja.h"
#include "format/yaml.h"

/** The first piece of JSON that is_checked and is more than numbers, true and false are made of. */
bool creg_body_check_json(creg_slice text, const jinja_trace *trace, creg_extent *ret_piece);

/**
 * The first piece of YAML that is_checked and does not lie inside one scalar. A piece that
 * brings its own quote or block header does not count as inside; one in a comment, without
 * leaving its line, is harmless. `extents` are those of the parsed text.
 */
bool creg_body_check_yaml(creg_slice text, const jinja_trace *trace,
                          const creg_yaml_extents *extents, creg_extent *ret_piece);

#endif
