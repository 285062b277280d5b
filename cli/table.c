/* SPDX-License-Identifier: MIT */
/*
 * The table: every noun, verb, positional, option and example of the command.
 *
 * Help, man pages, completion and did-you-mean are made from these rows, and the tests run
 * every example. So what stands here is true, or a test fails.
 */
#include "cli.h"

#define SET_OPTIONS                                                                            \
    {OPT_SET,         0,                                                                       \
     "set",           "NAME=VALUE",                                                            \
     CLI_OPTION_PAIR, NULL,                                                                    \
     false,           "one option as text; it is read as the declared type of the option"},    \
        {OPT_SET_JSON,    0,    "set-json", "NAME=JSON",                                       \
         CLI_OPTION_PAIR, NULL, false,      "one option as JSON: a list, an object, null"},    \
    {                                                                                          \
        OPT_SET_FILE, 0, "set-file", "NAME=FILE", CLI_FILE, NULL, false,                       \
            "one option, its text read from a file (- is stdin)"                               \
    }

#define TEMPLATE_WORDS                                                                         \
    {"NAME", CLI_TEMPLATE_NAME,                                                                \
     false,  false,                                                                            \
     NULL,   "name of the service template; NAME/VERSION in one word will do, too"},           \
    {                                                                                          \
        "VERSION", CLI_TEMPLATE_VERSION, true, false, NULL, "its version"                      \
    }

#define DRY_RUN(text)                                                                          \
    {                                                                                          \
        OPT_DRY_RUN, 0, "dry-run", NULL, CLI_NONE, NULL, false, text                           \
    }
#define END_OPTIONS                                                                            \
    {                                                                                          \
        0, 0, NULL, NULL, CLI_NONE, NULL, false, NULL                                          \
    }
#define END_ARGUMENTS                                                                          \
    {                                                                                          \
        NULL, CLI_TEXT, false, false, NULL, NULL                                               \
    }
#define END_EXAMPLES                                                                           \
    {                                                                                          \
        NULL, NULL                                                                             \
    }

const cli_option cli_global_options[] = {
    {OPT_STORE, 0, "store", "URL", CLI_STORE_URL, NULL, false,
     "the store to use; else CONFREG_STORE, else lmdb: in the user's data folder. "
     "Credentials are refused here: the environment may hold them"},
    {OPT_OUTPUT, 'o', "output", "FORMAT", CLI_CHOICE, "table|wide|json|yaml|jsonl|name|tree",
     false, "how results are printed"},
    {OPT_NO_HEADERS, 0, "no-headers", NULL, CLI_NONE, NULL, false,
     "tables without their first line"},
    {OPT_COLOR, 0, "color", "WHEN", CLI_CHOICE, "auto|always|never", false,
     "auto: only on a terminal, and not when NO_COLOR is set"},
    {OPT_QUIET, 'q', "quiet", NULL, CLI_NONE, NULL, false,
     "no notes and no progress on stderr"},
    {OPT_VERBOSE, 'v', "verbose", NULL, CLI_NONE, NULL, false,
     "tell how long it took; twice: every call of the store, on stderr"},
    {OPT_TIMEOUT, 0, "timeout", "TIME", CLI_DURATION, NULL, false,
     "deadline of one call of the store: 500ms, 5s, 2m; 5s when not given"},
    {OPT_YES, 'y', "yes", NULL, CLI_NONE, NULL, false,
     "do not ask before removing several things"},
    {OPT_PROGRESS, 0, "progress", "HOW", CLI_CHOICE, "auto|json|off", false,
     "auto: on a terminal, after half a second; json: one line of JSON a step, on stderr"},
    {OPT_ERROR_FORMAT, 0, "error-format", "FORMAT", CLI_CHOICE, "text|json", false,
     "how errors and notes are printed on stderr"},
    {OPT_HELP, 'h', "help", NULL, CLI_NONE, NULL, false, "explain the command"},
    {OPT_VERSION, 'V', "version", NULL, CLI_NONE, NULL, false, "print the version"},
    END_OPTIONS};

const cli_example cli_top_examples[] = {
    {"Register a service template, and make an instance of it",
     "confreg template register hadoop 2.0 --file template.json --options options.json\n"
     "confreg instance create jlopez hadoop 2.0 --set slaves.number=3"},
    {"Look at an instance, and change a property",
     "confreg instance tree jlopez/hadoop/1.0/1 --depth 2\n"
     "confreg instance set jlopez/hadoop/1.0/1 nodes/slave0/status=running"},
    {"Render a template without any store",
     "echo 'Hello {{ who }}!' | confreg render - --set who=world"},
    END_EXAMPLES};

/* ---- nouns ------------------------------------------------------------------------------ */

static const cli_example template_examples[] = {
    {"All service templates", "confreg template list"},
    {"The options that one takes", "confreg template options hadoop 1.0"},
    END_EXAMPLES};

static const cli_example instance_examples[] = {
    {"All instances, as names for a script", "confreg instance list -o name"},
    {"Read and change a property",
     "confreg instance get jlopez/hadoop/1.0/1 nodes/slave0/status\n"
     "confreg instance set jlopez/hadoop/1.0/1 nodes/slave0/status=running"},
    END_EXAMPLES};

static const cli_example kv_examples[] = {
    {"Write and read a key",
     "confreg kv put site/motto 'festina lente'\nconfreg kv get site/motto"},
    {"Move everything to another store",
     "confreg kv export | confreg --store memory: kv import -"},
    END_EXAMPLES};

static const cli_example store_examples[] = {
    {"Which store is it, and what can it take?", "confreg store info"},
    {"Is everything in order?", "confreg store fsck"},
    END_EXAMPLES};

const cli_noun cli_nouns[] = {
    {"template", "templates tmpl", "service templates: what can be instantiated",
     "A service template is a Jinja2 body that renders to JSON or YAML, and the options that "
     "it takes. "
     "It is registered under a name and a version.",
     template_examples},
    {"instance", "instances inst", "instances of service templates, and their properties",
     "An instance is named by its DN, USER/NAME/VERSION/ID; a leading instances/ is allowed. "
     "What lies "
     "below it is named by a longer DN: jlopez/hadoop/1.0/1/nodes/slave0. Segments of a DN "
     "are in the "
     "escaped form that 'instance list' prints.",
     instance_examples},
    {"kv", NULL, "raw keys and values of the store",
     "Keys as the store holds them, without the rules of the registry: changing the tree of "
     "an instance "
     "here goes round its checks. Values may be any bytes.",
     kv_examples},
    {"store", NULL, "the store itself: facts, checks, repair", NULL, store_examples},
    {NULL, NULL, NULL, NULL, NULL}};

/* ---- template --------------------------------------------------------------------------- */

#define TEMPLATE_PROPERTIES                                                                    \
    {OPT_TYPE,   0,                                                                            \
     "type",     "TYPE",                                                                       \
     CLI_CHOICE, "json+jinja2|yaml+jinja2",                                                    \
     false,      "what the body renders to; else by the name of the file, else json+jinja2"},  \
        {OPT_UNDEFINED,                                                                        \
         0,                                                                                    \
         "undefined",                                                                          \
         "HOW",                                                                                \
         CLI_CHOICE,                                                                           \
         "strict|lenient",                                                                     \
         false,                                                                                \
         "what a name that nothing supplies does; lenient is for bodies written for plain "    \
         "Jinja2"},                                                                            \
        {OPT_YAML,   0,                                                                        \
         "yaml",     "VERSION",                                                                \
         CLI_CHOICE, "1.2|1.1",                                                                \
         false,      "1.1 reads the rendered YAML as PyYAML does (yes, 0755, dates)"},         \
    {                                                                                          \
        OPT_AUTOESCAPE, 0, "autoescape", "HOW", CLI_CHOICE, "on|off", false,                   \
            "off: options are put into the body as they are and may change its structure"      \
    }

static const cli_argument register_arguments[] = {
    {"NAME", CLI_TEMPLATE_NAME, false, false, NULL, "name to register under"},
    {"VERSION", CLI_TEXT, false, false, NULL, "its version; any text, like 5.7.0"},
    END_ARGUMENTS};
static const cli_option register_options[] = {
    {OPT_FILE, 'f', "file", "FILE", CLI_FILE, NULL, true, "the body (- is stdin)"},
    {OPT_OPTIONS, 0, "options", "FILE", CLI_FILE, NULL, false,
     "the options it takes: required, optional, advanced, descriptions; JSON or YAML"},
    {OPT_DESCRIPTION, 0, "description", "TEXT", CLI_TEXT, NULL, false, "one line for people"},
    TEMPLATE_PROPERTIES,
    {OPT_ORCHESTRATOR, 0, "orchestrator", "FILE", CLI_FILE, NULL, false,
     "a file to keep with it for the orchestrator"},
    {OPT_LOGO_URL, 0, "logo-url", "URL", CLI_TEXT, NULL, false, "a picture for portals"},
    {OPT_REPLACE, 0, "replace", NULL, CLI_NONE, NULL, false,
     "replace what is registered under this name and version"},
    END_OPTIONS};
static const cli_example register_examples[] = {
    {"A body that renders to JSON",
     "confreg template register hadoop 2.0 --file template.json --options options.json"},
    {"One that renders to YAML, over what is there",
     "confreg template register hadoop 1.0 --file template.yaml --options options.json "
     "--description 'Hadoop on YAML' --replace"},
    END_EXAMPLES};

static const cli_argument template_list_arguments[] = {
    {"NAME", CLI_TEMPLATE_NAME, true, false, NULL, "only the versions of this one"},
    END_ARGUMENTS};
static const cli_example template_list_examples[] = {
    {"All of them", "confreg template list"},
    {"The versions of one, for a program", "confreg template list hadoop -o json"},
    END_EXAMPLES};

static const cli_argument template_arguments[] = {TEMPLATE_WORDS, END_ARGUMENTS};
static const cli_option template_show_options[] = {
    {OPT_BODY, 0, "body", NULL, CLI_NONE, NULL, false, "only the body, as it was registered"},
    {OPT_OPTIONS, 0, "options", NULL, CLI_NONE, NULL, false,
     "only the options document, as it was registered"},
    END_OPTIONS};
static const cli_example template_show_examples[] = {
    {"What it is and which options it takes", "confreg template show hadoop 1.0"},
    {"The body, to edit it", "confreg template show hadoop 1.0 --body > template.copy.json"},
    END_EXAMPLES};
static const cli_example template_options_examples[] = {
    {"A described list", "confreg template options hadoop 1.0"},
    {"The same for a program", "confreg template options hadoop/1.0 -o json"},
    END_EXAMPLES};

static const cli_argument lint_arguments[] = {
    {"NAME", CLI_TEMPLATE_NAME, true, false, NULL, "a registered service template"},
    {"VERSION", CLI_TEMPLATE_VERSION, true, false, NULL, "its version"},
    END_ARGUMENTS};
static const cli_option lint_options[] = {
    {OPT_FILE, 'f', "file", "FILE", CLI_FILE, NULL, false,
     "lint this body instead (- is stdin); needs no store"},
    {OPT_OPTIONS, 0, "options", "FILE", CLI_FILE, NULL, false,
     "the options that the body of --file takes"},
    TEMPLATE_PROPERTIES,
    SET_OPTIONS,
    END_OPTIONS};
static const cli_example lint_examples[] = {
    {"Before registering", "confreg template lint --file template.json --options options.json"},
    {"A registered one, with other options",
     "confreg template lint hadoop 1.0 --set slaves.number=9"},
    END_EXAMPLES};
static const cli_example template_rm_examples[] = {
    {"Remove one version", "confreg template rm hadoop 1.0"},
    {"Without notes", "confreg template rm hadoop/1.0 -q"},
    END_EXAMPLES};

/* ---- instance --------------------------------------------------------------------------- */

static const cli_argument create_arguments[] = {
    {"USER", CLI_USER, false, false, NULL, "whose it will be"},
    {"NAME", CLI_TEMPLATE_NAME, false, false, NULL, "the service template"},
    {"VERSION", CLI_TEMPLATE_VERSION, false, false, NULL, "its version"},
    END_ARGUMENTS};
static const cli_option create_options[] = {
    SET_OPTIONS,
    {OPT_MERGE, 'f', "file", "FILE", CLI_FILE, NULL, false,
     "options from a JSON or YAML file (- is stdin)"},
    DRY_RUN("print what would be written, and write nothing"),
    {OPT_REQUEST_ID, 0, "request-id", "ID", CLI_TEXT, NULL, false,
     "the same id gives the same instance: repeat with it when the outcome was unknown"},
    END_OPTIONS};
static const cli_example create_examples[] = {
    {"Three slaves; prints the DN",
     "confreg instance create jlopez hadoop 1.0 --set slaves.number=3"},
    {"Options from a file, one of them changed",
     "confreg instance create jlopez hadoop 1.0 -f more.yaml --set slaves.number=5"},
    {"What would be written?",
     "confreg instance create jlopez hadoop 1.0 --set slaves.number=1 --dry-run -o tree"},
    {"Safe to repeat", "confreg instance create jlopez hadoop 1.0 --set slaves.number=2 "
                       "--request-id order-4711"},
    END_EXAMPLES};

static const cli_argument instance_list_arguments[] = {
    {"USER", CLI_USER, true, false, NULL, "only those of this user"},
    {"NAME", CLI_INSTANCE_NAME, true, false, NULL, "and of this service template"},
    {"VERSION", CLI_INSTANCE_VERSION, true, false, NULL, "and of this version"},
    END_ARGUMENTS};
static const cli_example instance_list_examples[] = {
    {"Those of one user", "confreg instance list jlopez"},
    {"All, as a tree", "confreg instance list -o tree"},
    {"With digests and requests", "confreg instance list -o wide"},
    END_EXAMPLES};

static const cli_argument dn_arguments[] = {
    {"DN", CLI_DN, false, false, NULL, "the instance: USER/NAME/VERSION/ID"}, END_ARGUMENTS};
static const cli_argument part_arguments[] = {
    {"DN", CLI_PART_DN, false, false, NULL, "an instance, or a part of one"}, END_ARGUMENTS};
static const cli_argument status_arguments[] = {END_ARGUMENTS};

static const cli_example show_examples[] = {
    {"The commit record of an instance", "confreg instance show jlopez/hadoop/1.0/1"},
    {"The same as YAML", "confreg instance show instances/jlopez/hadoop/1.0/1 -o yaml"},
    END_EXAMPLES};
static const cli_option tree_options[] = {
    {OPT_DEPTH, 0, "depth", "N", CLI_NUMBER, NULL, false, "so many levels; 0: all"},
    {OPT_VALUES, 0, "values", NULL, CLI_NONE, NULL, false, "values beside the names"},
    END_OPTIONS};
static const cli_example tree_examples[] = {
    {"Two levels", "confreg instance tree jlopez/hadoop/1.0/1 --depth 2"},
    {"One node with its values",
     "confreg instance tree jlopez/hadoop/1.0/1/nodes/slave0 --values"},
    {"All of it as nested JSON", "confreg instance tree jlopez/hadoop/1.0/1 -o json"},
    END_EXAMPLES};

static const cli_argument get_arguments[] = {
    {"DN", CLI_PART_DN, false, false, NULL, "an instance, or a part of one"},
    {"PATH", CLI_PATH, true, true, NULL,
     "properties below the DN; without any, the DN names the property"},
    END_ARGUMENTS};
static const cli_example get_examples[] = {
    {"One property: its text", "confreg instance get jlopez/hadoop/1.0/1 nodes/slave0/status"},
    {"Several: a table",
     "confreg instance get jlopez/hadoop/1.0/1/nodes/slave0 status address"},
    END_EXAMPLES};

static const cli_argument set_arguments[] = {
    {"DN", CLI_PART_DN, false, false, NULL, "an instance, or a part of one"},
    {"PATH=VALUE", CLI_ASSIGNMENT, false, true, NULL,
     "a property and its new text; VALUE may be @FILE or @- (stdin), @@ begins a literal @. "
     "With --increment only the PATH"},
    END_ARGUMENTS};
static const cli_option set_options[] = {
    {OPT_IF_VALUE, 0, "if-value", "OLD", CLI_TEXT, NULL, false,
     "only if the property still is OLD; exit code 4 when it is not"},
    {OPT_IF_ABSENT, 0, "if-absent", NULL, CLI_NONE, NULL, false,
     "only if there is no such property yet"},
    {OPT_INCREMENT, 0, "increment", "N", CLI_SIGNED, NULL, false,
     "add N to an integer property (none counts as 0), and print the sum"},
    END_OPTIONS};
static const cli_example set_examples[] = {
    {"Two properties, both or neither",
     "confreg instance set jlopez/hadoop/1.0/1 nodes/slave0/status=running "
     "nodes/slave1/status=running"},
    {"Take a node, if nobody else has",
     "confreg instance set jlopez/hadoop/1.0/1 nodes/slave0/owner=me --if-absent"},
    {"Count", "confreg instance set jlopez/hadoop/1.0/1 progress --increment 5"},
    END_EXAMPLES};

static const cli_argument unset_arguments[] = {
    {"DN", CLI_PART_DN, false, false, NULL, "an instance, or a part of one"},
    {"PATH", CLI_PATH, false, false, NULL, "the property below it"},
    END_ARGUMENTS};
static const cli_option unset_options[] = {
    {OPT_TREE, 0, "tree", NULL, CLI_NONE, NULL, false, "and whatever lies below it"},
    END_OPTIONS};
static const cli_example unset_examples[] = {
    {"One property", "confreg instance unset jlopez/hadoop/1.0/1 nodes/slave0/status"},
    {"A whole node", "confreg instance unset jlopez/hadoop/1.0/1 nodes/slave1 --tree"},
    END_EXAMPLES};

static const cli_argument instance_copy_arguments[] = {
    {"FROM", CLI_PART_DN, false, false, NULL, "DN of a node or of any part"},
    {"TO", CLI_PART_DN, false, false, NULL, "DN of the new one; nothing may be there yet"},
    END_ARGUMENTS};
static const cli_option instance_copy_options[] = {
    {OPT_MEMBERSHIP, 0, "membership", NULL, CLI_NONE, NULL, false,
     "a copied node joins the node lists of the services that it runs"},
    {OPT_KEEP_RUNTIME, 0, "keep-runtime", NULL, CLI_NONE, NULL, false,
     "keep status, address, host, id and the like instead of resetting them"},
    DRY_RUN("count the keys, and write nothing"),
    END_OPTIONS};
static const cli_example instance_copy_examples[] = {
    {"One more slave", "confreg instance copy jlopez/hadoop/1.0/1/nodes/slave0 "
                       "jlopez/hadoop/1.0/1/nodes/slave9 --membership"},
    {"How many keys would that be?", "confreg instance copy jlopez/hadoop/1.0/1/nodes/slave0 "
                                     "jlopez/hadoop/1.0/1/nodes/slave9 --dry-run"},
    END_EXAMPLES};

static const cli_example nodes_examples[] = {
    {"The nodes of an instance", "confreg instance nodes jlopez/hadoop/1.0/1"},
    {"The nodes that run a service",
     "confreg instance nodes jlopez/hadoop/1.0/1/services/yarn -o name"},
    END_EXAMPLES};
static const cli_example services_examples[] = {
    {"The services of an instance", "confreg instance services jlopez/hadoop/1.0/1"},
    {"Those of a node", "confreg instance services jlopez/hadoop/1.0/1/nodes/slave0"},
    END_EXAMPLES};
static const cli_example disks_examples[] = {
    {"The disks of a node", "confreg instance disks jlopez/hadoop/1.0/1/nodes/slave0"},
    {"As JSON", "confreg instance disks jlopez/hadoop/1.0/1/nodes/slave0 -o json"},
    END_EXAMPLES};
static const cli_example networks_examples[] = {
    {"The networks of a node", "confreg instance networks jlopez/hadoop/1.0/1/nodes/slave0"},
    {"As names", "confreg instance networks jlopez/hadoop/1.0/1/nodes/slave0 -o name"},
    END_EXAMPLES};
static const cli_argument tags_arguments[] = {
    {"DN", CLI_PART_DN, false, false, NULL, "an instance, or a part of one"},
    {"PATH", CLI_PATH, true, false, NULL, "another list than tags, like check_ports"},
    END_ARGUMENTS};
static const cli_example tags_examples[] = {
    {"The tags of a node", "confreg instance tags jlopez/hadoop/1.0/1/nodes/slave0"},
    {"The ports to check",
     "confreg instance tags jlopez/hadoop/1.0/1/nodes/slave0 check_ports"},
    END_EXAMPLES};
static const cli_option status_options[] = {
    {OPT_REQUEST, 0, "request", "ID", CLI_TEXT, NULL, true, "the request id of the create"},
    END_OPTIONS};
static const cli_example status_examples[] = {
    {"Was it committed?", "confreg instance status --request order-1"},
    {"Its DN, or exit code 3", "confreg instance status --request order-1 -o name"},
    END_EXAMPLES};
static const cli_argument instance_rm_arguments[] = {
    {"DN", CLI_DN, false, true, NULL,
     "instances to remove; or three words USER NAME VERSION, when one instance is there"},
    END_ARGUMENTS};
static const cli_option instance_rm_options[] = {
    {OPT_ALL, 0, "all", NULL, CLI_NONE, NULL, false, "with USER NAME VERSION: all of them"},
    END_OPTIONS};
static const cli_example instance_rm_examples[] = {
    {"Exactly one", "confreg instance rm jlopez/hadoop/1.0/1"},
    {"All of a version, without being asked",
     "confreg instance rm jlopez hadoop 1.0 --all --yes"},
    END_EXAMPLES};

/* ---- watching --------------------------------------------------------------------------- */

#define WATCH_OPTIONS                                                                           \
    {OPT_EXEC,                                                                                  \
     0,                                                                                         \
     "exec",                                                                                    \
     "COMMAND",                                                                                 \
     CLI_TEXT,                                                                                  \
     NULL,                                                                                      \
     false,                                                                                     \
     "run this in a shell for each event, one after the other: CONFREG_EVENT, "                 \
     "CONFREG_EVENT_DN, _PATH, _VALUE, _OLD in its environment, the event as JSON on its "      \
     "stdin"},                                                                                  \
        {OPT_FOR_TIME, 0,                                                                       \
         "timeout",    "TIME",                                                                  \
         CLI_DURATION, NULL,                                                                    \
         false,        "stop watching after so long: 500ms, 5s, 2m; for ever when not given"},  \
        {OPT_SNAPSHOT, 0, "snapshot", NULL, CLI_NONE, NULL, false, "begin with what is there"}, \
        {OPT_CURSOR,                                                                            \
         0,                                                                                     \
         "cursor",                                                                              \
         "TEXT",                                                                                \
         CLI_TEXT,                                                                              \
         NULL,                                                                                  \
         false,                                                                                 \
         "go on where an event with this cursor was told; says resync, and what is there, "     \
         "when anything changed since"},                                                        \
    {                                                                                           \
        OPT_COUNT, 0, "count", "N", CLI_NUMBER, NULL, false, "stop after so many events"        \
    }

static const cli_argument watch_arguments[] = {
    {"DN", CLI_PART_DN, true, false, NULL,
     "the instance, or a part of it; with --all USER, USER/NAME or USER/NAME/VERSION"},
    END_ARGUMENTS};
static const cli_option watch_options[] = {
    {OPT_ALL, 0, "all", NULL, CLI_NONE, NULL, false,
     "instances as they are created and removed, not properties"},
    WATCH_OPTIONS,
    END_OPTIONS};
static const cli_example watch_examples[] = {
    {"Changes of an instance, for a second",
     "confreg instance watch jlopez/hadoop/1.0/1 --timeout 1s"},
    {"What there is, as JSON, one event a line",
     "confreg instance watch jlopez/hadoop/1.0/1 --snapshot --count 3 -o jsonl"},
    {"Run a command for each instance",
     "confreg instance watch --all --snapshot --count 1 --exec 'echo \"$CONFREG_EVENT_DN\"'"},
    END_EXAMPLES};
static const cli_argument wait_arguments[] = {
    {"DN", CLI_PART_DN, false, false, NULL, "the instance, or a part of it"}, END_ARGUMENTS};
static const cli_option wait_options[] = {
    {OPT_FOR, 0, "for", "PATH=VALUE", CLI_TEXT, NULL, true,
     "the property must have this value; given again: all at once. Or: removed"},
    {OPT_FOR_TIME, 0, "timeout", "TIME", CLI_DURATION, NULL, false,
     "give up after so long: 500ms, 5s, 2m; never when not given"},
    END_OPTIONS};
static const cli_example wait_examples[] = {
    {"Until it is there", "confreg instance wait jlopez/hadoop/1.0/1 --for status=registered"},
    {"Until all of several hold, at most five minutes",
     "confreg instance wait jlopez/hadoop/1.0/1 --for status=registered --for "
     "nodes/slave0/status=_ --timeout 5m"},
    END_EXAMPLES};
static const cli_option kv_watch_options[] = {WATCH_OPTIONS, END_OPTIONS};
static const cli_example kv_watch_examples[] = {
    {"Keys below a prefix, for a second", "confreg kv watch site --timeout 1s"},
    {"The first three there are", "confreg kv watch site --snapshot --count 3"},
    END_EXAMPLES};

/* ---- kv --------------------------------------------------------------------------------- */

static const cli_argument key_arguments[] = {{"KEY", CLI_KEY, false, false, NULL, "the key"},
                                             END_ARGUMENTS};
static const cli_example kv_get_examples[] = {
    {"The value; on a terminal with a newline, else byte by byte", "confreg kv get site/name"},
    {"With its version, for --cas", "confreg kv get site/name -o json"},
    END_EXAMPLES};
static const cli_argument put_arguments[] = {
    {"KEY", CLI_KEY, false, false, NULL, "the key"},
    {"VALUE", CLI_FILE, false, false, NULL,
     "a literal, @FILE, or - for stdin; @@ begins a literal @"},
    END_ARGUMENTS};
static const cli_option put_options[] = {
    {OPT_CAS, 0, "cas", "VERSION", CLI_TEXT, NULL, false,
     "only if the key is still at this version ('kv get -o json' tells it), or 'absent'"},
    END_OPTIONS};
static const cli_example put_examples[] = {
    {"A literal", "confreg kv put site/motto 'festina lente'"},
    {"The bytes of a file", "confreg kv put site/logo @logo.bin"},
    {"Only if there is none yet; the value from stdin",
     "date | confreg kv put site/since - --cas absent"},
    END_EXAMPLES};
static const cli_argument prefix_arguments[] = {
    {"PREFIX", CLI_KEY, true, false, NULL, "whole segments: a/1 covers a/1/b, never a/10"},
    END_ARGUMENTS};
static const cli_option kv_list_options[] = {
    {OPT_DEPTH, 0, "depth", "N", CLI_NUMBER, NULL, false,
     "so many segments below the prefix; 0: all"},
    {OPT_VALUES, 0, "values", NULL, CLI_NONE, NULL, false, "values, too"},
    {OPT_LIMIT, 0, "limit", "N", CLI_NUMBER, NULL, false, "at most so many keys"},
    {OPT_AFTER, 0, "after", "KEY", CLI_KEY, NULL, false, "begin behind this key"},
    END_OPTIONS};
static const cli_example kv_list_examples[] = {
    {"One level", "confreg kv list --depth 1"},
    {"Keys and values below a prefix", "confreg kv list site --values"},
    END_EXAMPLES};
static const cli_option kv_rm_options[] = {{OPT_RECURSE, 'r', "recurse", NULL, CLI_NONE, NULL,
                                            false, "the key and everything below it"},
                                           {OPT_FORCE, 0, "force", NULL, CLI_NONE, NULL, false,
                                            "needed to remove everything: --recurse \"\""},
                                           END_OPTIONS};
static const cli_argument kv_rm_arguments[] = {
    {"KEY", CLI_KEY, false, false, NULL,
     "the key, or with --recurse a prefix of whole segments"},
    END_ARGUMENTS};
static const cli_example kv_rm_examples[] = {
    {"One key", "confreg kv rm site/name"},
    {"All below a prefix", "confreg kv rm site --recurse"},
    END_EXAMPLES};
static const cli_argument kv_copy_arguments[] = {
    {"FROM", CLI_KEY, false, false, NULL, "the key to copy"},
    {"TO", CLI_KEY, false, false, NULL, "the new key"},
    END_ARGUMENTS};
static const cli_option kv_copy_options[] = {
    {OPT_RECURSE, 'r', "recurse", NULL, CLI_NONE, NULL, false, "and everything below it"},
    {OPT_FORCE, 0, "force", NULL, CLI_NONE, NULL, false, "over what is there"},
    END_OPTIONS};
static const cli_example kv_copy_examples[] = {
    {"One key", "confreg kv copy site/name site/old-name"},
    {"A subtree", "confreg kv copy site backup/site --recurse"},
    END_EXAMPLES};
static const cli_option export_options[] = {
    {OPT_FORMAT, 0, "format", "FORMAT", CLI_CHOICE, "json|jsonl|yaml", false,
     "json is what 'consul kv export' writes and the default"},
    END_OPTIONS};
static const cli_example export_examples[] = {
    {"Everything", "confreg kv export > backup.json"},
    {"Below a prefix, one key a line", "confreg kv export site --format jsonl"},
    END_EXAMPLES};
static const cli_argument import_arguments[] = {
    {"FILE", CLI_FILE, false, false, NULL, "an export (- is stdin)"}, END_ARGUMENTS};
static const cli_option import_options[] = {
    {OPT_FORMAT, 0, "format", "FORMAT", CLI_CHOICE, "json|jsonl|yaml", false,
     "what the file is; else by its name, else json"},
    DRY_RUN("read and check the file, and write nothing"),
    END_OPTIONS};
static const cli_example import_examples[] = {
    {"From a file", "confreg kv import export.json"},
    {"Is it whole?", "confreg kv import - --dry-run < export.json"},
    END_EXAMPLES};

/* ---- store ------------------------------------------------------------------------------ */

static const cli_example info_examples[] = {
    {"The default store", "confreg store info"},
    {"Another one, for a program", "confreg --store memory: store info -o json"},
    END_EXAMPLES};
static const cli_example check_examples[] = {
    {"Can the store vouch for itself? Nothing is written",
     "confreg store check --read-only -q && echo sound"},
    {"And what does it take and keep?", "confreg store check --quick"},
    {"Another store, for a program", "confreg store check memory: --quick -o json"},
    END_EXAMPLES};
static const cli_argument check_arguments[] = {
    {"URL", CLI_STORE_URL, true, false, NULL,
     "the store, in place of --store; env:NAME takes the URL from the environment"},
    END_ARGUMENTS};
static const cli_option check_options[] = {
    {OPT_QUICK, 0, "quick", NULL, CLI_NONE, NULL, false,
     "leave out what takes seconds: how long a dead writer is taken for alive"},
    {OPT_READ_ONLY, 0, "read-only", NULL, CLI_NONE, NULL, false,
     "only ask whether it is sound; write and measure nothing"},
    END_OPTIONS};
static const cli_argument store_copy_arguments[] = {
    {"SRC", CLI_STORE_URL, false, false, NULL,
     "the store to read; env:NAME takes the URL, which may hold credentials, from the "
     "environment"},
    {"DST", CLI_STORE_URL, false, false, NULL, "the store to write to, in the same way"},
    END_ARGUMENTS};
static const cli_option store_copy_options[] = {
    {OPT_PREFIX, 0, "prefix", "KEY", CLI_KEY, NULL, false,
     "only what lies at and below this key: templates, instances/jlopez, site"},
    {OPT_VERIFY, 0, "verify", NULL, CLI_NONE, NULL, false,
     "read both stores once more at the end, and compare digests"},
    {OPT_FORCE, 0, "force", NULL, CLI_NONE, NULL, false, "replace what differs"},
    DRY_RUN("compare, count, and write nothing"),
    END_OPTIONS};
static const cli_example store_copy_examples[] = {
    {"From the default store into a file, and look whether all is there",
     "confreg store copy env:CONFREG_STORE lmdb:./backup --verify"},
    {"One user's instances; what would be written?",
     "confreg store copy env:CONFREG_STORE lmdb:./backup --prefix instances/jlopez --dry-run"},
    END_EXAMPLES};
static const cli_option fsck_options[] = {
    {OPT_REPAIR, 0, "repair", NULL, CLI_NONE, NULL, false, "mend what can be mended"},
    END_OPTIONS};
static const cli_example fsck_examples[] = {{"Look", "confreg store fsck"},
                                            {"Look and mend", "confreg store fsck --repair"},
                                            END_EXAMPLES};
static const cli_example sweep_examples[] = {
    {"Undo what dead writers left", "confreg store sweep"},
    {"As JSON", "confreg store sweep -o json"},
    END_EXAMPLES};
static const cli_option adopt_options[] = {
    DRY_RUN("tell which instances would be adopted, and write nothing"), END_OPTIONS};
static const cli_example adopt_examples[] = {
    {"Which would it be?", "confreg store adopt --dry-run"},
    {"Take them in", "confreg store adopt"},
    END_EXAMPLES};

/* ---- the rest --------------------------------------------------------------------------- */

static const cli_argument render_arguments[] = {
    {"BODY", CLI_FILE, false, false, NULL, "the template (- is stdin)"}, END_ARGUMENTS};
static const cli_option render_options[] = {
    {OPT_CONTEXT, 'c', "context", "FILE", CLI_FILE, NULL, false,
     "names and values for the template, JSON or YAML (- is stdin); may be given again"},
    {OPT_SET, 0, "set", "NAME=VALUE", CLI_TEXT, NULL, false,
     "one name as text; a.b=c reaches into a"},
    {OPT_SET_JSON, 0, "set-json", "NAME=JSON", CLI_TEXT, NULL, false, "one name as JSON"},
    {OPT_SET_FILE, 0, "set-file", "NAME=FILE", CLI_FILE, NULL, false,
     "one name, its text from a file"},
    {OPT_UNDEFINED, 0, "undefined", "HOW", CLI_CHOICE, "strict|default|chainable|debug", false,
     "what a name that nothing supplies does; strict when not given"},
    {OPT_AUTOESCAPE, 0, "autoescape", "HOW", CLI_CHOICE, "off|html|json|yaml", false,
     "how values are made safe for the text around them; off when not given"},
    {OPT_TRIM_BLOCKS, 0, "trim-blocks", NULL, CLI_NONE, NULL, false,
     "drop the newline behind a block"},
    {OPT_LSTRIP_BLOCKS, 0, "lstrip-blocks", NULL, CLI_NONE, NULL, false,
     "drop the spaces before a block"},
    {OPT_KEEP_TRAILING_NEWLINE, 0, "keep-trailing-newline", NULL, CLI_NONE, NULL, false,
     "keep the last newline of the template"},
    {OPT_TEMPLATES, 0, "templates", "DIR", CLI_FOLDER, NULL, false,
     "where include, import and extends find other templates"},
    {OPT_PACKS, 0, "packs", "PACKS", CLI_CHOICES, "config", false,
     "more filters and tests: config has those of configuration tools"},
    {OPT_EXTENSIONS, 0, "extensions", "NAMES", CLI_CHOICES, "do|loopcontrols|i18n|debug", false,
     "extensions of the language, separated by commas"},
    END_OPTIONS};
static const cli_example render_examples[] = {
    {"A file with its context", "confreg render body.j2 --context context.json"},
    {"From stdin, with names given in place",
     "echo '{{ greeting }}, {{ who.name }}' | confreg render - --set greeting=Hi --set "
     "who.name=Ada"},
    END_EXAMPLES};

static const cli_example doctor_examples[] = {
    {"Is this machine fit, and the store well?", "confreg doctor"},
    {"For a program", "confreg doctor -o json"},
    END_EXAMPLES};
static const cli_argument help_arguments[] = {
    {"TOPIC", CLI_COMMAND, true, true, NULL,
     "a command, or one of: filters, tests, functions, exit-codes, environment, options"},
    END_ARGUMENTS};
static const cli_example help_examples[] = {
    {"A command", "confreg help instance create"},
    {"The filters that templates may use", "confreg help filters"},
    END_EXAMPLES};
static const cli_argument completion_arguments[] = {
    {"SHELL", CLI_CHOICE, false, false, "bash|zsh|fish", "which shell"}, END_ARGUMENTS};
static const cli_example completion_examples[] = {
    {"For this shell", "eval \"$(confreg completion bash)\""},
    {"For every zsh", "confreg completion zsh > _confreg"},
    END_EXAMPLES};
static const cli_example version_examples[] = {
    {"The version", "confreg version"},
    {"With the parts, for a program", "confreg version -o json"},
    END_EXAMPLES};
static const cli_argument rest_arguments[] = {{"WORD", CLI_TEXT, true, true, NULL, "words"},
                                              END_ARGUMENTS};
static const cli_example no_examples[] = {END_EXAMPLES};

/* ---- the commands ----------------------------------------------------------------------- */

const cli_command cli_commands[] = {
    {"template", "register", "add", "register a service template",
     "The body is compiled and the options are checked before anything is written. What is "
     "registered "
     "already is not touched unless --replace says so.",
     register_arguments, register_options, register_examples, CLI_TABLE, CLI_WRITES,
     cmd_template_register},
    {"template", "list", "ls", "list service templates", NULL, template_list_arguments, NULL,
     template_list_examples, CLI_TABLE, 0, cmd_template_list},
    {"template", "show", NULL, "show a service template and the options it takes", NULL,
     template_arguments, template_show_options, template_show_examples, CLI_TABLE, 0,
     cmd_template_show},
    {"template", "options", NULL, "list the options of a service template",
     "Required options must be given; the value shown for one is a sample. The others have "
     "defaults.",
     template_arguments, NULL, template_options_examples, CLI_TABLE, 0, cmd_template_options},
    {"template", "lint", "check", "look for mistakes in a service template",
     "Nothing is written. The body is compiled and rendered with its defaults, and the shape "
     "of the tree "
     "is checked: each finding with its line. Exit code 7 when an instance would be refused.",
     lint_arguments, lint_options, lint_examples, CLI_TABLE, 0, cmd_template_lint},
    {"template", "rm", "delete remove", "remove a service template",
     "Instances that come from it stay as they are; they are named.", template_arguments, NULL,
     template_rm_examples, CLI_TABLE, CLI_WRITES, cmd_template_rm},

    {"instance", "create", "add", "make an instance of a service template",
     "All of the tree is written, or nothing, under an id that was never used before. Options "
     "are merged "
     "in the order of the command line: a later -f, --set, --set-json or --set-file wins.\n\n"
     "The DN goes to stdout. When the store did not answer, the exit code is 6 and the "
     "request id is "
     "told: 'instance status --request ID' or the same create with --request-id ID find out.",
     create_arguments, create_options, create_examples, CLI_TABLE, CLI_WRITES,
     cmd_instance_create},
    {"instance", "list", "ls", "list instances", NULL, instance_list_arguments, NULL,
     instance_list_examples, CLI_TABLE, 0, cmd_instance_list},
    {"instance", "show", NULL, "show the commit record of an instance",
     "Who made it, when, from what, with which options. Its properties are shown by 'instance "
     "tree'.",
     dn_arguments, NULL, show_examples, CLI_TABLE, 0, cmd_instance_show},
    {"instance", "tree", NULL, "show what lies below an instance or a part of one", NULL,
     part_arguments, tree_options, tree_examples, CLI_TREE, 0, cmd_instance_tree},
    {"instance", "get", NULL, "read properties", NULL, get_arguments, NULL, get_examples,
     CLI_TABLE, 0, cmd_instance_get},
    {"instance", "set", NULL, "change properties",
     "All of them change, or none. PATH ends at the first '='; a property whose name holds "
     "one is reached "
     "by a longer DN. A removed instance never comes back.",
     set_arguments, set_options, set_examples, CLI_TABLE, CLI_WRITES, cmd_instance_set},
    {"instance", "unset", NULL, "remove a property", NULL, unset_arguments, unset_options,
     unset_examples, CLI_TABLE, CLI_WRITES, cmd_instance_unset},
    {"instance", "copy", "cp", "copy a node or any part under a new name",
     "In one transaction. Exact segments are renamed (slave0 never touches slave01), names "
     "are fixed, "
     "run-time properties are reset.",
     instance_copy_arguments, instance_copy_options, instance_copy_examples, CLI_TABLE,
     CLI_WRITES, cmd_instance_copy},
    {"instance", "nodes", NULL, "list the nodes of an instance or of a service", NULL,
     part_arguments, NULL, nodes_examples, CLI_TABLE, 0, cmd_instance_nodes},
    {"instance", "services", NULL, "list the services of an instance or of a node", NULL,
     part_arguments, NULL, services_examples, CLI_TABLE, 0, cmd_instance_services},
    {"instance", "disks", NULL, "list the disks of a node", NULL, part_arguments, NULL,
     disks_examples, CLI_TABLE, 0, cmd_instance_disks},
    {"instance", "networks", NULL, "list the networks of a node", NULL, part_arguments, NULL,
     networks_examples, CLI_TABLE, 0, cmd_instance_networks},
    {"instance", "tags", NULL, "list the tags of a part, or another list of it",
     "A list is read in either form: text with commas, or keys of its own.", tags_arguments,
     NULL, tags_examples, CLI_TABLE, 0, cmd_instance_tags},
    {"instance", "status", NULL, "ask what became of a create", NULL, status_arguments,
     status_options, status_examples, CLI_TABLE, 0, cmd_instance_status},
    {"instance", "watch", NULL, "tell changes as they happen",
     "Each event is put, delete or removed (with --all: created or removed), and at the "
     "beginning "
     "snapshot and snapshot-end. Changes between two looks at the store are merged; the last "
     "state is always told. After resync what differs follows: the store was away, or lost "
     "its history. The watch ends when the instance is removed.",
     watch_arguments, watch_options, watch_examples, CLI_TABLE, 0, cmd_instance_watch},
    {"instance", "wait", NULL, "wait until properties have a value",
     "Exits with 1 when the time is over, and with 3 when the instance is removed meanwhile.",
     wait_arguments, wait_options, wait_examples, CLI_TABLE, 0, cmd_instance_wait},
    {"instance", "rm", "delete remove", "remove instances",
     "More than one asks first on a terminal, and needs --yes elsewhere. All DNs are looked "
     "up before the "
     "first one is removed.",
     instance_rm_arguments, instance_rm_options, instance_rm_examples, CLI_TABLE, CLI_WRITES,
     cmd_instance_rm},

    {"kv", "get", NULL, "read a key", NULL, key_arguments, NULL, kv_get_examples, CLI_TABLE, 0,
     cmd_kv_get},
    {"kv", "put", "set", "write a key", NULL, put_arguments, put_options, put_examples,
     CLI_TABLE, CLI_WRITES, cmd_kv_put},
    {"kv", "list", "ls", "list keys", NULL, prefix_arguments, kv_list_options, kv_list_examples,
     CLI_TABLE, 0, cmd_kv_list},
    {"kv", "watch", NULL, "tell changes of keys as they happen",
     "The key at the prefix itself is watched, too. Events are as those of instance watch.",
     prefix_arguments, kv_watch_options, kv_watch_examples, CLI_TABLE, 0, cmd_kv_watch},
    {"kv", "rm", "delete remove", "remove a key, or a prefix", NULL, kv_rm_arguments,
     kv_rm_options, kv_rm_examples, CLI_TABLE, CLI_WRITES, cmd_kv_rm},
    {"kv", "copy", "cp", "copy a key, or a prefix", NULL, kv_copy_arguments, kv_copy_options,
     kv_copy_examples, CLI_TABLE, CLI_WRITES, cmd_kv_copy},
    {"kv", "export", NULL, "write keys and values to stdout",
     "The JSON form is that of 'consul kv export': a list of key, flags, and the value in "
     "base64.",
     prefix_arguments, export_options, export_examples, CLI_TABLE, 0, cmd_kv_export},
    {"kv", "import", NULL, "read keys and values from a file",
     "Keys that are there are overwritten, others are left alone. The whole file is read and "
     "checked "
     "first; then it is one transaction, where the store can take it.",
     import_arguments, import_options, import_examples, CLI_TABLE, CLI_WRITES, cmd_kv_import},

    {"store", "info", NULL, "show which store it is and what it can take", NULL, NULL, NULL,
     info_examples, CLI_TABLE, 0, cmd_store_info},
    {"store", "check", NULL, "ask whether it is sound, and measure it",
     "First whether it is sound: LMDB walks the whole file, in a process of its own; exit code "
     "9 "
     "when it is damaged.\n\n"
     "Then a live store is tried out: its limits, the promises that the registry builds upon, "
     "and the times of the common calls. That is done below '_confreg/check/' and a random "
     "name, "
     "which is removed at the end. A promise that does not hold is shown as 'broken', with "
     "exit "
     "code 1.",
     check_arguments, check_options, check_examples, CLI_TABLE, CLI_WRITES, cmd_store_check},
    {"store", "copy", "cp", "copy everything into another store",
     "What is equal already is not written, so a copy that was interrupted goes on when it is "
     "run "
     "again. What differs is left as it is and reported, with exit code 4, unless --force is "
     "given. Nothing is removed.\n\n"
     "Readers of DST never see half an instance: each one comes with its record, under the id "
     "that it has in SRC, and counters are only raised. --verify exits with 1 when the stores "
     "differ at the end.",
     store_copy_arguments, store_copy_options, store_copy_examples, CLI_TABLE, CLI_WRITES,
     cmd_store_copy},
    {"store", "fsck", NULL, "check records, digests, counters and orphans",
     "Exit code 9 when something is wrong that is not repaired.", NULL, fsck_options,
     fsck_examples, CLI_TABLE, CLI_WRITES, cmd_store_fsck},
    {"store", "sweep", NULL, "undo what dead writers left", NULL, NULL, NULL, sweep_examples,
     CLI_TABLE, CLI_WRITES, cmd_store_sweep},
    {"store", "adopt", NULL, "take in instances that other programs wrote",
     "Such instances have no commit record and are not listed until they are adopted.", NULL,
     adopt_options, adopt_examples, CLI_TABLE, CLI_WRITES, cmd_store_adopt},

    {"render", NULL, NULL, "render a Jinja2 template without any store",
     "Names come from --context, --set, --set-json and --set-file, in the order of the "
     "command line: the "
     "last wins. A template sees these and nothing else, and its time and memory are bounded.",
     render_arguments, render_options, render_examples, CLI_TABLE, 0, cmd_render},
    {"doctor", NULL, NULL, "look for what may be wrong with this machine and the store", NULL,
     NULL, NULL, doctor_examples, CLI_TABLE, 0, cmd_doctor},
    {"help", NULL, NULL, "explain a command or a topic", NULL, help_arguments, NULL,
     help_examples, CLI_TABLE, 0, cmd_help},
    {"completion", NULL, NULL, "print the completion script for a shell",
     "Names of service templates, instances and keys are completed from the store, within 300 "
     "ms.",
     completion_arguments, NULL, completion_examples, CLI_TABLE, 0, cmd_completion},
    {"version", NULL, NULL, "print the version", NULL, NULL, NULL, version_examples, CLI_TABLE,
     0, cmd_version},

    {"__complete", NULL, NULL, "candidates for the last word", NULL, rest_arguments, NULL,
     no_examples, CLI_TABLE, CLI_HIDDEN | CLI_TAKES_ALL, cmd_complete},
    {"__man", NULL, NULL, "write the man pages into a folder", NULL, rest_arguments, NULL,
     no_examples, CLI_TABLE, CLI_HIDDEN, cmd_man},
    {"__table", NULL, NULL, "the table as JSON, for the tests", NULL, NULL, NULL, no_examples,
     CLI_JSON, CLI_HIDDEN, cmd_table},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, CLI_TABLE, 0, NULL}};
