// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Files of learned policies and of interrupted training, changed in all ways that leave them HDF5
 * files: the numbers, shapes and types of what is in them, or that it is not there. (What of any
 * bytes HDF5 makes is HDF5's affair; it checks what it calls metadata by sums, which no change of
 * bytes gets past.) The first byte chooses which file; then each change is a few bytes: what to do,
 * to which object, and numbers for it. A refusal is one line; what is accepted acts within its
 * levels, and can be written again.
 */
#define _GNU_SOURCE // memfd_create
#include <assert.h>
#include <hdf5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "policies/train_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char scenario_text[] =
    "<scenario name='fuzz' duration='5 s'><board id='b' type='nano'/><server id='c' "
    "type='rtx-3080'/><link from='b' to='c' bandwidth='8 Mbit/s'/><stream board='b' "
    "dnn='resnet50' arrivals='poisson' rate='2 /s'/><knobs cpu='2' gpu='3' emc='top' "
    "cut='input'/></scenario>";

enum { FILES = 2, OBJECTS = 128, CHANGES = 16, LARGEST = 1 << 16 };

// A good file, and what is in it.
static struct {
    char *bytes;
    size_t length;
    char objects[OBJECTS][64]; // arrays and groups
    size_t object_count;
    char attributes[OBJECTS][2][64]; // path and name; numbers only
    size_t attribute_count;
} files[FILES];
static struct tdm_scenario *scenario;
static struct tdm_training_setup setup;
static const struct tdm_policy_type *type;

// ---- the good files ----------------------------------------------------------------------------

struct place {
    size_t file;
    const char *object;
};

static herr_t add_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context)
{
    const struct place *place = context;
    const size_t which = place->file;
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), kind = H5Aget_type(attribute);
    (void)info;
    if (H5Tget_class(kind) != H5T_STRING && files[which].attribute_count < OBJECTS) {
        char(*entry)[64] = files[which].attributes[files[which].attribute_count++];
        snprintf(entry[0], 64, "%s", place->object);
        snprintf(entry[1], 64, "%s", name);
    }
    H5Tclose(kind);
    H5Aclose(attribute);
    return 0;
}

static herr_t add_object(hid_t root, const char *name, const H5O_info_t *info, void *context)
{
    const size_t which = *(size_t *)context;
    struct place place = {which, name};
    const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    (void)info;
    assert(files[which].object_count < OBJECTS);
    snprintf(files[which].objects[files[which].object_count++], 64, "%s", name);
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, add_attribute, &place);
    H5Oclose(object);
    return 0;
}

static void take_file(size_t which, const char *path)
{
    FILE *stream = fopen(path, "rb");
    assert(stream);
    fseek(stream, 0, SEEK_END);
    files[which].length = (size_t)ftell(stream);
    rewind(stream);
    files[which].bytes = malloc(files[which].length);
    assert(files[which].bytes &&
           fread(files[which].bytes, 1, files[which].length, stream) == files[which].length);
    fclose(stream);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
#if H5_VERSION_GE(1, 12, 0)
    H5Ovisit3(file, H5_INDEX_NAME, H5_ITER_INC, add_object, &which, H5O_INFO_BASIC);
#else
    H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, add_object, &which, H5O_INFO_BASIC);
#endif
    H5Fclose(file);
    assert(files[which].object_count > 5 && files[which].attribute_count > 5);
    unlink(path);
}

static void set_up(void)
{
    struct tdm_error error = {0};
    char folder[] = "/tmp/tandem-fuzz-XXXXXX", path[64], partial[80];
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/p.h5", folder);
    snprintf(partial, sizeof partial, "%s.training", path);
    scenario = tdm_scenario_of_text(scenario_text, sizeof scenario_text - 1, "fuzz.xml", &error);
    if (!scenario || tdm_training_usual(&setup, scenario, "dvfo", &error))
        abort();
    setup.file = path;
    setup.environments = setup.trial_runs = 1;
    setup.options.hidden[0] = 4;
    setup.options.hidden[1] = 3;
    setup.options.hidden[2] = 0;
    setup.options.capacity = 8;
    setup.options.batch = 4;
    setup.options.warmup = 8;
    setup.options.prioritised = true;
    for (size_t i = 0; tdm_policies[i]; i++)
        type = strcmp(tdm_policies[i]->name, setup.policy) == 0 ? tdm_policies[i] : type;
    struct tdm_training *training = tdm_training_open(&setup, false, &error);
    if (!training || tdm_training_round(training, &error) || tdm_training_keep(training, &error))
        abort();
    tdm_training_free(training);
    take_file(0, path);
    take_file(1, partial);
    rmdir(folder);
    setup.file = "fuzz.h5";
}

// ---- changes -----------------------------------------------------------------------------------

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t byte(struct input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

// What is worth trying: edges, and whatever the input says.
static double number(struct input *in)
{
    static const double edges[] = {0,    1,   -1,  2,    3,     8,     1e-300, 1e9,
                                   1e18, 4e9, 0.5, 4096, 65536, 1e300, -1e18,  256};
    const uint8_t kind = byte(in);
    if (kind < 16)
        return edges[kind];
    if (kind < 18)
        return kind == 16 ? (double)INFINITY : (double)NAN;
    return (double)(int8_t)byte(in);
}

static hid_t type_of(uint8_t kind)
{
    const hid_t types[] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_STD_I64LE, H5T_STD_U64LE,
                           H5T_STD_I32LE,  H5T_STD_I8LE,   H5T_C_S1};
    return types[kind % 7];
}

// As another type, rank and size, with a number in all of it; the largest take no room.
static void put_array(hid_t file, const char *name, struct input *in)
{
    static const hsize_t sizes[] = {1, 0, 2, 3, 4, 5, 8, 9, 64, 1 << 16, 1 << 22, 1ULL << 40};
    hsize_t shape[3], chunk[3] = {1, 1, 1};
    const hid_t kind = type_of(byte(in));
    const int rank = byte(in) % 4;
    double total = 1;
    for (int i = 0; i < rank; i++) {
        shape[i] = sizes[byte(in) % (sizeof sizes / sizeof *sizes)];
        total *= (double)shape[i];
    }
    const double value = number(in);
    const hid_t space = rank ? H5Screate_simple(rank, shape, NULL) : H5Screate(H5S_SCALAR);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Ldelete(file, name, H5P_DEFAULT);
    if (rank && total > 64)
        H5Pset_chunk(list, rank, chunk);
    const hid_t id = H5Dcreate2(file, name, kind, space, H5P_DEFAULT, list, H5P_DEFAULT);
    double values[64];
    for (int i = 0; i < 64; i++)
        values[i] = value;
    if (id >= 0 && total <= 64 && kind != H5T_C_S1)
        H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(id);
    H5Pclose(list);
    H5Sclose(space);
}

// One number of an array, as it is otherwise.
static void put_element(hid_t file, const char *name, struct input *in)
{
    const hid_t id = H5Dopen2(file, name, H5P_DEFAULT);
    if (id < 0)
        return;
    const hid_t space = H5Dget_space(id), one = H5Screate(H5S_SCALAR);
    hsize_t shape[H5S_MAX_RANK], at[H5S_MAX_RANK];
    const int rank = H5Sget_simple_extent_dims(space, shape, NULL);
    bool empty = rank <= 0;
    for (int i = 0; i < rank; i++) {
        empty |= shape[i] == 0 || shape[i] > LARGEST; // HDF5 would make room for all of it
        at[i] = shape[i] ? byte(in) % shape[i] : 0;
    }
    const double value = number(in);
    if (!empty && H5Sselect_elements(space, H5S_SELECT_SET, 1, at) >= 0)
        H5Dwrite(id, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &value);
    H5Sclose(one);
    H5Sclose(space);
    H5Dclose(id);
}

static void put_attribute(hid_t file, const char *path, const char *name, hid_t kind,
                          struct input *in)
{
    const double value = number(in);
    const hid_t space = H5Screate(H5S_SCALAR);
    H5Adelete_by_name(file, path, name, H5P_DEFAULT);
    const hid_t id =
        H5Acreate_by_name(file, path, name, kind, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (id >= 0 && kind != H5T_C_S1)
        H5Awrite(id, H5T_NATIVE_DOUBLE, &value);
    H5Aclose(id);
    H5Sclose(space);
}

static void change(hid_t file, size_t which, struct input *in)
{
    const uint8_t what = byte(in) % 6;
    const size_t object = byte(in);
    const char *name = files[which].objects[object % files[which].object_count];
    char(*entry)[64] = files[which].attributes[object % files[which].attribute_count];
    if (what == 0)
        put_element(file, name, in);
    else if (what == 1)
        put_array(file, name, in);
    else if (what == 2)
        H5Ldelete(file, name, H5P_DEFAULT);
    else if (what == 3)
        H5Adelete_by_name(file, entry[0], entry[1], H5P_DEFAULT);
    else
        put_attribute(file, entry[0], entry[1], what == 4 ? H5T_STD_I64LE : type_of(byte(in)), in);
}

// A changed copy, whose path is written to `path`. (HDF5 wants a name that it finds again, so this
// is none of the files in memory.)
static void change_file(size_t which, struct input *in, char path[32])
{
    snprintf(path, 32, "/tmp/tandem-fuzz-XXXXXX");
    const int copy = mkstemp(path);
    if (copy < 0 ||
        write(copy, files[which].bytes, files[which].length) != (ssize_t)files[which].length)
        abort();
    close(copy);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert(file >= 0);
    for (int i = 0; i < CHANGES && in->size; i++)
        change(file, which, in);
    H5Fclose(file);
}

// ---- use ---------------------------------------------------------------------------------------

static void refused(const struct tdm_error *error)
{
    if (!error->message[0] || strchr(error->message, '\n')) {
        fprintf(stderr, "not one line: '%s'\n", error->message);
        abort();
    }
}

static void use(struct tdm_learned *learned, bool whole)
{
    float inputs[TDM_ENTRIES] = {0};
    int32_t choice[TDM_LEARN_BRANCHES], action[TDM_KNOBS];
    struct tdm_error error = {0};
    const struct tdm_actions *actions = tdm_process_actions(learned->process);
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < learned->inputs; i++)
            inputs[i] = (float)((i + k) % 3 - 1);
        tdm_learner_act(learned->learner, inputs, false, choice);
        tdm_learned_expand(learned, choice, action);
        for (int i = 0; i < actions->count; i++)
            assert(action[i] >= 0 && action[i] < actions->levels[i]);
    }
    const int memory = memfd_create("fuzz", MFD_CLOEXEC);
    struct tdm_h5 *file = tdm_h5_create(memory, "again", &error);
    const bool fine = file && tdm_learned_save(learned, file, whole, &error) == 0;
    assert(tdm_h5_close(file, &error) == 0 && fine);
    close(memory);
}

// Goes on with it for a few transitions.
static void learn(struct tdm_learned *learned)
{
    float inputs[TDM_ENTRIES] = {0};
    int32_t choice[TDM_LEARN_BRANCHES];
    for (int k = 0; k < 20; k++) {
        tdm_learner_act(learned->learner, inputs, true, choice);
        for (int b = 0; b < learned->branches; b++)
            assert(choice[b] >= 0 && choice[b] < learned->levels[b]);
        const struct tdm_transition transition = {.observation = inputs,
                                                  .action = choice,
                                                  .reward = -1,
                                                  .next = inputs,
                                                  .discount = 0.5f};
        tdm_learner_observe(learned->learner, &transition);
    }
    if (learned->learner->options.batch <= 64) // else it takes long
        tdm_learner_update(learned->learner);
}

static void load_policy(struct tdm_learned *learned, const char *path)
{
    struct tdm_error error = {0};
    struct tdm_h5 *file = tdm_h5_open(path, &error);
    if (file && tdm_learned_load(learned, file, false, &error) == 0)
        use(learned, false);
    else
        refused(&error);
    tdm_h5_close(file, NULL);
}

static void load_training(struct tdm_training *training, const char *path)
{
    struct tdm_error error = {0};
    if (tdm_training_read(training, path, &error)) {
        refused(&error);
        return;
    }
    assert(training->curve_count <= training->curve_room);
    use(&training->learned, true);
    learn(&training->learned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct tdm_error error = {0};
    char path[32];
    if (!scenario)
        set_up();
    const size_t which = byte(&in) % FILES;
    change_file(which, &in, path);
    struct tdm_training training = {.setup = setup};
    if (tdm_learned_open(&training.learned, type, scenario, &error))
        abort();
    if (which == 0)
        load_policy(&training.learned, path);
    else
        load_training(&training, path);
    free(training.curves);
    tdm_learned_close(&training.learned);
    unlink(path);
    return 0;
}
