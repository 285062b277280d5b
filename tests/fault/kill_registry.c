/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at random times, on one LMDB file.
 *
 *     kill_registry [KILLS [SEED]]      200 kills in the test run; thousands by hand
 *
 * First many processes instantiate at once: every id is given out once, and without a gap.
 * Then two writers at a time create, change, copy and remove instances of their own, in one
 * transaction and in pieces, and are killed at some moment. What they were told is noted in
 * memory that they share with us. After each kill, what the store shows must be what was
 * acknowledged, or that and the one operation that was under way; never a part of one.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "confreg/confreg.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS 0x20
#endif

enum {
    WRITERS = 2,
    IDS_MAX = 20000,  /* of one writer in one run */
    LIVE_MAX = 6,     /* instances that a writer keeps before it removes one */
    RUN_MS_MAX = 130, /* a writer lives so long at most */
    CROWD = 8,
    CROWD_ROUNDS = 100
};

/* What a writer was told about one instance. */
typedef enum state { UNKNOWN, MADE, REMOVING, REMOVED } state;

typedef struct note {
    unsigned char state;
    unsigned char copying, copied;
    int setting, set; /* the value under way, and the last acknowledged one; 0: the body's */
} note;

typedef struct notes {
    note of[IDS_MAX + 1];
    int newest;
    long operations;
} notes;

static notes *shared; /* one for each writer */
static char folder[] = "/tmp/confreg-kill-XXXXXX";
static unsigned long violations;

static const char body[] =
    "{\"status\": \"0\",\n"
    " \"nodes\": {\n"
    "  {% for n in range(6) %}\n"
    "  \"node{{ n }}\": {\"name\": \"node{{ n }}\", \"cpu\": 2, \"mem\": 4,\n"
    "    \"disks\": {\"d1\": {\"origin\": \"/x/{{ instancename }}/node{{ n }}\", \"mode\": "
    "\"rw\"}}},\n"
    "  {% endfor %}\n"
    "  \"last\": {\"name\": \"last\"}\n"
    " }\n"
    "}\n";
enum { BODY_KEYS = 1 + 6 * 5 + 1, NODE_KEYS = 5 };

static void violated(const char *what, const char *dn)
{
    violations++;
    fprintf(stderr, "VIOLATION: %s: %s\n", what, dn);
}

static creg_registry *open_registry(const char *parameters)
{
    char url[256];
    creg_registry *registry = NULL;
    creg_error err;
    snprintf(url, sizeof url, "lmdb:%s%s", folder, parameters);
    if (creg_open(url, NULL, &registry, &err) != CREG_OK) {
        fprintf(stderr, "cannot open %s: %s\n", url, err.message);
        exit(1);
    }
    return registry;
}

static void register_template(void)
{
    creg_registry *registry = open_registry("");
    creg_error err;
    creg_template template_ = {
        .name = creg_slice_of("t"), .version = creg_slice_of("1"), .body = creg_slice_of(body)};
    if (creg_template_register(registry, &template_, false, &err) != CREG_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    creg_close(registry);
}

static const char *user_name(int writer)
{
    static const char *const names[] = {"u1", "u10"}; /* one a prefix of the other */
    return names[writer];
}

static creg_slice dn_of(int writer, int id, const char *rest, char *buffer)
{
    int size = sprintf(buffer, "instances/%s/t/1/%d%s", user_name(writer), id, rest);
    return creg_slice_make(buffer, (size_t)size);
}

/* A child; without one there is nothing to test, and kill(-1) would be a disaster. */
static pid_t fork_or_die(void)
{
    pid_t child = fork();
    if (child >= 0)
        return child;
    perror("fork");
    exit(1);
}

/* A writer that is refused says why, and ends by itself: that is a violation. */
static void must(creg_status status, const char *what, const creg_error *err)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "%s: %s: %s (%s)\n", what, creg_status_name(status), err->message,
            err->detail);
    _exit(2);
}

/* ---- a writer, until it is killed ------------------------------------------------------------- */

static void create(creg_registry *registry, int writer, notes *mine, creg_arena *arena)
{
    creg_instance_spec spec = {.user = creg_slice_of(user_name(writer)),
                               .name = creg_slice_of("t"),
                               .version = creg_slice_of("1"),
                               .options = creg_value_none()};
    creg_instance instance;
    creg_error err;
    must(creg_instantiate(registry, &spec, arena, &instance, &err), "create", &err);
    int id = atoi(creg_arena_copy(arena, instance.id).data);
    if (id <= mine->newest || id > IDS_MAX || mine->of[id].state != UNKNOWN)
        _exit(3); /* an id twice, or going back */
    mine->newest = id;
    mine->of[id].state = MADE;
}

static void set_status(creg_registry *registry, int writer, notes *mine, int id)
{
    char dn[128], text[16];
    creg_error err;
    int value = mine->of[id].set + 1;
    snprintf(text, sizeof text, "%d", value);
    creg_property property = {creg_slice_of("status"), creg_slice_of(text)};
    mine->of[id].setting = value;
    must(creg_set(registry, dn_of(writer, id, "", dn), &property, 1, NULL, &err), "set", &err);
    mine->of[id].set = value;
}

static void copy_node(creg_registry *registry, int writer, notes *mine, int id)
{
    char from[128], to[128];
    if (mine->of[id].copied)
        return;
    mine->of[id].copying = 1;
    creg_error err;
    must(creg_copy(registry, dn_of(writer, id, "/nodes/node1", from),
                   dn_of(writer, id, "/nodes/node10", to), NULL, NULL, &err),
         "copy", &err);
    mine->of[id].copied = 1;
}

static void remove_instance(creg_registry *registry, int writer, notes *mine, int id)
{
    char dn[128];
    creg_error err;
    mine->of[id].state = REMOVING;
    must(creg_deinstantiate(registry, dn_of(writer, id, "", dn), &err), "remove", &err);
    mine->of[id].state = REMOVED;
}

/* The oldest instance that is there, and how many there are. */
static int oldest(const notes *mine, int *ret_count)
{
    int found = 0;
    *ret_count = 0;
    for (int id = mine->newest; id > 0 && id > mine->newest - 200; id--)
        if (mine->of[id].state == MADE) {
            found = id;
            ++*ret_count;
        }
    return found;
}

static void write_until_killed(int writer, unsigned seed, bool in_pieces)
{
    creg_registry *registry = open_registry(in_pieces ? "?transaction_operations=12" : "");
    notes *mine = &shared[writer];
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    for (srand(seed);; creg_arena_reset(&arena)) {
        int count;
        int old = oldest(mine, &count);
        int choice = rand() % 8;
        if (count > LIVE_MAX || (old != 0 && choice == 0))
            remove_instance(registry, writer, mine, old);
        else if (old == 0 || choice <= 3)
            create(registry, writer, mine, &arena);
        else if (choice <= 5 || in_pieces)
            set_status(registry, writer, mine, old);
        else
            copy_node(registry, writer, mine, old);
        mine->operations++;
    }
}

/* ---- what the store shows afterwards ---------------------------------------------------------------- */

static size_t count_keys(creg_registry *registry, creg_slice prefix, creg_arena *arena)
{
    creg_pairs pairs = {NULL, 0};
    if (creg_store_list(creg_registry_store(registry), prefix, arena, &pairs, NULL) != CREG_OK)
        violated("cannot list", "");
    return pairs.size;
}

/* An instance that is listed is whole: its own keys, and a copied node all or not at all. */
static void check_whole(creg_registry *registry, int writer, int id, const note *told,
                        creg_arena *arena)
{
    char dn[128], node[128];
    size_t keys = count_keys(registry, dn_of(writer, id, "", dn), arena);
    size_t copied = count_keys(registry, dn_of(writer, id, "/nodes/node10", node), arena);
    if (keys != BODY_KEYS + copied || (copied != 0 && copied != NODE_KEYS))
        violated("partial instance", dn);
    if ((told->copied && copied == 0) || (!told->copying && copied != 0))
        violated("a copy is lost, or nobody made it", dn);
    creg_slice text;
    if (creg_get(registry, dn_of(writer, id, "", dn), creg_slice_of("status"), arena, &text,
                 NULL, NULL) != CREG_OK) {
        violated("no status", dn);
        return;
    }
    int value = atoi(creg_arena_copy(arena, text).data);
    if (value != told->set && value != told->setting) {
        fprintf(stderr, "acknowledged %d, under way %d, found %d\n", told->set, told->setting,
                value);
        violated("a value is lost", dn);
    }
}

/* From now on, what was under way is what the store shows. */
static void settle(creg_registry *registry, int writer, int id, note *told, bool is_listed,
                   creg_arena *arena)
{
    char dn[128];
    creg_slice text = {NULL, 0};
    told->state = is_listed ? MADE : REMOVED;
    if (!is_listed)
        return;
    if (creg_get(registry, dn_of(writer, id, "", dn), creg_slice_of("status"), arena, &text,
                 NULL, NULL) == CREG_OK)
        told->set = told->setting = atoi(creg_arena_copy(arena, text).data);
    told->copied = told->copying =
        count_keys(registry, dn_of(writer, id, "/nodes/node10", dn), arena) != 0;
}

static void check_writer(creg_registry *registry, int writer, creg_arena *arena)
{
    notes *told = &shared[writer];
    creg_instances instances = {NULL, 0};
    creg_slice any = {NULL, 0};
    static unsigned char is_listed[IDS_MAX + 1];
    memset(is_listed, 0, sizeof is_listed);
    if (creg_instance_list(registry, creg_slice_of(user_name(writer)), any, any, arena,
                           &instances, NULL) != CREG_OK)
        violated("cannot list", user_name(writer));
    int newest = told->newest;
    for (size_t i = 0; i < instances.size; i++) {
        int id = atoi(creg_arena_copy(arena, instances.items[i].id).data);
        is_listed[id] = 1;
        newest = id > newest ? id : newest;
        check_whole(registry, writer, id, &told->of[id], arena);
    }
    for (int id = 1; id <= newest; id++) {
        char dn[128];
        dn_of(writer, id, "", dn);
        if (told->of[id].state == MADE && !is_listed[id])
            violated("an acknowledged instance is lost", dn);
        if (told->of[id].state == REMOVED && is_listed[id])
            violated("a removed instance is back", dn);
        settle(registry, writer, id, &told->of[id], is_listed[id], arena);
    }
    told->newest = newest;
}

static void check_store(bool sweep)
{
    creg_registry *registry = open_registry("");
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    for (int writer = 0; writer < WRITERS; writer++)
        check_writer(registry, writer, &arena);
    creg_report report = {.checked = 0};
    if (sweep && creg_sweep(registry, &arena, &report, NULL) != CREG_OK)
        violated("cannot sweep", "");
    if (creg_fsck(registry, false, &arena, &report, NULL) != CREG_OK)
        violated("cannot check", "");
    for (size_t i = 0; i < report.findings.size; i++) {
        const creg_finding *finding = &report.findings.items[i];
        bool is_debris = creg_slice_equal(finding->rule, creg_slice_of("unfinished"));
        if (sweep || !is_debris)
            violated("fsck", creg_arena_copy(&arena, finding->message).data);
    }
    creg_close(registry);
    creg_arena_clear(&arena);
}

/* ---- rounds --------------------------------------------------------------------------------------------- */

static void sleep_us(long us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

static void kill_round(unsigned round)
{
    pid_t children[WRITERS];
    for (int writer = 0; writer < WRITERS; writer++) {
        unsigned seed = (unsigned)rand();
        children[writer] = fork_or_die();
        if (children[writer] == 0)
            write_until_killed(writer, seed, (round + (unsigned)writer) % 3 == 0);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        sleep_us(rand() % (RUN_MS_MAX * 1000 / WRITERS));
        kill(children[writer], SIGKILL);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        int status;
        waitpid(children[writer], &status, 0);
        if (WIFEXITED(status)) {
            char text[32];
            snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
            violated("a writer failed", text);
        }
    }
    check_store(round % 4 == 3);
}

static void crowd(void)
{
    for (int i = 0; i < CROWD; i++)
        if (fork_or_die() == 0) {
            creg_registry *registry = open_registry("");
            creg_arena arena;
            creg_arena_init(&arena, (size_t)1 << 30);
            creg_instance_spec spec = {.user = creg_slice_of("crowd"),
                                       .name = creg_slice_of("t"),
                                       .version = creg_slice_of("1"),
                                       .options = creg_value_none()};
            for (int k = 0; k < CROWD_ROUNDS; k++) {
                creg_instance instance;
                if (creg_instantiate(registry, &spec, &arena, &instance, NULL) != CREG_OK)
                    _exit(1);
            }
            creg_close(registry);
            _exit(0);
        }
    for (int i = 0; i < CROWD; i++) {
        int status;
        wait(&status);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            violated("one of the crowd failed", "");
    }
    creg_registry *registry = open_registry("");
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_instances instances = {NULL, 0};
    creg_slice any = {NULL, 0};
    creg_instance_list(registry, creg_slice_of("crowd"), any, any, &arena, &instances, NULL);
    if (instances.size != CROWD * CROWD_ROUNDS)
        violated("instances of the crowd are missing", "");
    for (size_t i = 0; i < instances.size; i++)
        if (atoi(creg_arena_copy(&arena, instances.items[i].id).data) != (int)i + 1)
            violated("a gap in the ids", creg_arena_copy(&arena, instances.items[i].dn).data);
    creg_close(registry);
    creg_arena_clear(&arena);
}

static void remove_store(void)
{
    DIR *handle = opendir(folder);
    if (handle == NULL)
        return;
    for (struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(handle);
    rmdir(folder);
}

int main(int count, char **arguments)
{
    unsigned kills = count > 1 ? (unsigned)atoi(arguments[1]) : 200;
    unsigned seed = count > 2 ? (unsigned)atoi(arguments[2]) : (unsigned)time(NULL);
    shared = mmap(NULL, sizeof(notes) * WRITERS, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || mkdtemp(folder) == NULL)
        return 1;
    printf("kill_registry: %u kills, seed %u, %s\n", kills, seed, folder);
    fflush(stdout);
    srand(seed);
    register_template();
    crowd();
    for (unsigned round = 0; round * WRITERS < kills && violations == 0; round++)
        kill_round(round);
    check_store(true);
    printf("%ld operations acknowledged, %d and %d ids, %lu violations\n",
           shared[0].operations + shared[1].operations, shared[0].newest, shared[1].newest,
           violations);
    if (violations == 0)
        remove_store();
    return violations == 0 ? 0 : 1;
}
