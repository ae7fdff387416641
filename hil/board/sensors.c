// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/sensors.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/extremes.h"
#include "hil/board/rails.h"
#include "hil/board/timely.h"

enum { RING = 4096, CHANNELS = 64, READERS = TDM_RAILS + 1 };
static const double zone_period = 0.25; // s
static const double patience = 0.5;     // s that a thread, or a zone's type, is waited for

struct channel {
    struct tdm_sensor sensor;
    struct tdm_rail_spot rail;
    struct tdm_spot zone;
    struct tdm_sample ring[RING];
    size_t taken; // samples ever; the last is ring[(taken - 1) % RING]
    size_t tried;
    int result;
};

// What one thread samples. Owned by both, it and the sensors; who leaves last frees it.
struct reader {
    pthread_mutex_t lock;
    pthread_cond_t change; // it shall stop, or has
    int owners;
    bool stopping, ended;
    struct tdm_hw *hw;
    double period;
    size_t count;
    struct channel *channels[CHANNELS];
};

struct tdm_sensors {
    size_t reader_count, channel_count;
    struct reader *readers[READERS];
    struct channel *channels[CHANNELS];
    struct reader *of[CHANNELS]; // whose a channel is
    bool whole;
    char covers[160];
};

double tdm_sensors_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct timespec at(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

// ---- the thread --------------------------------------------------------------------------------

static void reader_leave(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    const bool last = --reader->owners == 0;
    pthread_mutex_unlock(&reader->lock);
    if (!last)
        return;
    for (size_t i = 0; i < reader->count; i++)
        free(reader->channels[i]);
    pthread_cond_destroy(&reader->change);
    pthread_mutex_destroy(&reader->lock);
    tdm_hw_close(reader->hw);
    free(reader);
}

// A powered-off block's zone fails, or says what no silicon survives.
static int read_zone(const struct reader *reader, const struct channel *channel, double *value)
{
    const int result = tdm_hw_number(reader->hw, &channel->zone, value);
    return result == 0 && !(*value > -60 && *value < 200) ? -ERANGE : result;
}

static void sample(struct reader *reader, struct channel *channel)
{
    double value = 0;
    const double before = tdm_sensors_now();
    int result = channel->sensor.kind == TDM_SENSOR_RAIL
                     ? tdm_rail_read(reader->hw, &channel->rail, &value)
                     : read_zone(reader, channel, &value);
    const double middle = 0.5 * (before + tdm_sensors_now());
    pthread_mutex_lock(&reader->lock);
    channel->tried++;
    channel->result = result;
    if (result == 0)
        channel->ring[channel->taken++ % RING] = (struct tdm_sample){middle, value};
    pthread_cond_broadcast(&reader->change);
    pthread_mutex_unlock(&reader->lock);
}

static void *run(void *context)
{
    struct reader *reader = context;
    double due = tdm_sensors_now();
    pthread_mutex_lock(&reader->lock);
    while (!reader->stopping) {
        pthread_mutex_unlock(&reader->lock);
        for (size_t i = 0; i < reader->count; i++)
            sample(reader, reader->channels[i]);
        // A slow sensor is read as often as it can be, not more and more late.
        due = tdm_larger(due + reader->period, tdm_sensors_now());
        const struct timespec time = at(due);
        pthread_mutex_lock(&reader->lock);
        while (!reader->stopping &&
               pthread_cond_timedwait(&reader->change, &reader->lock, &time) == 0)
            ;
    }
    reader->ended = true;
    pthread_cond_broadcast(&reader->change);
    pthread_mutex_unlock(&reader->lock);
    reader_leave(reader);
    return NULL;
}

// ---- starting and stopping ---------------------------------------------------------------------

static struct reader *reader_new(struct tdm_sensors *sensors, struct tdm_hw *hw, double period)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&reader->change, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&reader->lock, NULL);
    reader->owners = 1;
    reader->hw = tdm_hw_share(hw);
    reader->period = period;
    sensors->readers[sensors->reader_count++] = reader;
    return reader;
}

static struct channel *channel_new(struct tdm_sensors *sensors, struct reader *reader)
{
    struct channel *channel = NULL;
    if (reader && sensors->channel_count < CHANNELS)
        channel = calloc(1, sizeof *channel);
    if (!channel)
        return NULL;
    channel->sensor.period = reader->period;
    sensors->of[sensors->channel_count] = reader;
    sensors->channels[sensors->channel_count++] = channel;
    reader->channels[reader->count++] = channel;
    return channel;
}

static int add_rails(struct tdm_sensors *sensors, struct tdm_hw *hw, double period)
{
    struct tdm_rail_spot rails[TDM_RAILS];
    const size_t count = tdm_rails_find(hw, rails);
    struct reader *reader = NULL;
    sensors->whole = tdm_rails_whole(hw, rails, count, sensors->covers, sizeof sensors->covers);
    for (size_t i = 0; i < count; i++) {
        const struct tdm_rail *rail = rails[i].rail;
        const char *path = rails[i].product ? rails[i].voltage.path : rails[i].power.path;
        const char *last = i && rails[i - 1].product ? rails[i - 1].voltage.path
                           : i                       ? rails[i - 1].power.path
                                                     : "";
        if (!reader || rails[i].chip != rails[i - 1].chip ||
            strncmp(path, last, rails[i].chip + 1) != 0)
            reader = reader_new(sensors, hw,
                                period > 0                 ? period
                                : rail && rail->period > 0 ? rail->period
                                                           : 0.1);
        struct channel *channel = channel_new(sensors, reader);
        if (!channel)
            return -1;
        channel->rail = rails[i];
        snprintf(channel->sensor.name, sizeof channel->sensor.name, "%.31s", rails[i].label);
        channel->sensor.kind = TDM_SENSOR_RAIL;
        channel->sensor.total = rails[i].total;
        channel->sensor.quantum = rail && rail->quantum > 0 ? rail->quantum : 0;
    }
    return 0;
}

static int add_zones(struct tdm_sensors *sensors, struct tdm_hw *hw, double period)
{
    struct tdm_spot types[TDM_SPOTS], temps[TDM_SPOTS];
    char type[TDM_KNOB_TEXT];
    const size_t type_count = tdm_hw_spots(hw, "thermal-type", types);
    const size_t temp_count = tdm_hw_spots(hw, "thermal", temps);
    struct reader *reader =
        temp_count ? reader_new(sensors, hw, period > 0 ? period : zone_period) : NULL;
    for (size_t i = 0; i < temp_count && i < CHANNELS / 2; i++) {
        struct channel *channel = channel_new(sensors, reader);
        if (!channel)
            return -1;
        const size_t folder = (size_t)(strrchr(temps[i].path, '/') - temps[i].path) + 1;
        channel->zone = temps[i];
        channel->sensor.kind = TDM_SENSOR_ZONE;
        snprintf(channel->sensor.name, sizeof channel->sensor.name, "zone%zu", i);
        for (size_t k = 0; k < type_count; k++)
            if (strncmp(types[k].path, temps[i].path, folder) == 0 &&
                tdm_timely_text(hw, &types[k], type, patience) > 0)
                snprintf(channel->sensor.name, sizeof channel->sensor.name, "%.31s", type);
    }
    return 0;
}

static int start_threads(struct tdm_sensors *sensors)
{
    for (size_t i = 0; i < sensors->reader_count; i++) {
        pthread_t thread;
        struct reader *reader = sensors->readers[i];
        reader->owners++;
        if (pthread_create(&thread, NULL, run, reader) == 0) {
            pthread_detach(thread);
            continue;
        }
        reader->owners--;
        reader->ended = true;
        return -1;
    }
    return 0;
}

struct tdm_sensors *tdm_sensors_start(struct tdm_hw *hw, const struct tdm_sensors_options *options,
                                      struct tdm_error *error)
{
    struct tdm_sensors *sensors = calloc(1, sizeof *sensors);
    if (!sensors || (options->rails && add_rails(sensors, hw, options->period)) ||
        (options->zones && add_zones(sensors, hw, options->period)))
        tdm_fail(error, "out of memory");
    else if (!sensors->channel_count)
        tdm_fail(error, "none of the board's sensors is there");
    else if (start_threads(sensors))
        tdm_fail(error, "cannot start a thread for the sensors");
    else
        return sensors;
    tdm_sensors_stop(sensors);
    return NULL;
}

void tdm_sensors_stop(struct tdm_sensors *sensors)
{
    if (!sensors)
        return;
    for (size_t i = 0; i < sensors->reader_count; i++) {
        struct reader *reader = sensors->readers[i];
        pthread_mutex_lock(&reader->lock);
        reader->stopping = true;
        pthread_cond_broadcast(&reader->change);
        pthread_mutex_unlock(&reader->lock);
    }
    const struct timespec end = at(tdm_sensors_now() + patience);
    for (size_t i = 0; i < sensors->reader_count; i++) {
        struct reader *reader = sensors->readers[i];
        pthread_mutex_lock(&reader->lock);
        const bool running = reader->owners > 1;
        while (running && !reader->ended &&
               pthread_cond_timedwait(&reader->change, &reader->lock, &end) == 0)
            ;
        pthread_mutex_unlock(&reader->lock);
        reader_leave(reader);
    }
    free(sensors);
}

// ---- what they saw -----------------------------------------------------------------------------

size_t tdm_sensors_count(const struct tdm_sensors *sensors)
{
    return sensors->channel_count;
}

const struct tdm_sensor *tdm_sensors_at(const struct tdm_sensors *sensors, size_t index)
{
    return &sensors->channels[index]->sensor;
}

bool tdm_sensors_wait(const struct tdm_sensors *sensors, double seconds)
{
    const struct timespec end = at(tdm_sensors_now() + seconds);
    bool all = true;
    for (size_t i = 0; i < sensors->channel_count; i++) {
        struct reader *reader = sensors->of[i];
        pthread_mutex_lock(&reader->lock);
        while (!sensors->channels[i]->tried &&
               pthread_cond_timedwait(&reader->change, &reader->lock, &end) == 0)
            ;
        all = all && sensors->channels[i]->tried;
        pthread_mutex_unlock(&reader->lock);
    }
    return all;
}

// Five periods, and never less than what a busy machine may keep a thread waiting.
static double stale_after(const struct channel *channel)
{
    return tdm_larger(5 * channel->sensor.period, 0.5);
}

struct tdm_reading tdm_sensors_read(const struct tdm_sensors *sensors, size_t index)
{
    struct channel *channel = sensors->channels[index];
    struct reader *reader = sensors->of[index];
    struct tdm_reading reading = {.value = NAN, .age = INFINITY, .stale = true};
    pthread_mutex_lock(&reader->lock);
    reading.result = channel->result;
    if (channel->taken) {
        const struct tdm_sample *last = &channel->ring[(channel->taken - 1) % RING];
        reading.value = last->value;
        reading.age = tdm_sensors_now() - last->time;
        reading.stale = reading.age > stale_after(channel);
    }
    pthread_mutex_unlock(&reader->lock);
    return reading;
}

struct tdm_energy tdm_sensors_energy(const struct tdm_sensors *sensors, size_t index, double from,
                                     double to)
{
    struct channel *channel = sensors->channels[index];
    struct reader *reader = sensors->of[index];
    struct tdm_energy energy = {.joules = NAN};
    struct tdm_sample *samples = malloc(RING * sizeof *samples);
    if (!samples)
        return energy;
    pthread_mutex_lock(&reader->lock);
    const size_t count = channel->taken < RING ? channel->taken : RING;
    for (size_t i = 0; i < count; i++)
        samples[i] = channel->ring[(channel->taken - count + i) % RING];
    pthread_mutex_unlock(&reader->lock);
    energy =
        tdm_energy_between(samples, count, from, to, channel->sensor.quantum, stale_after(channel));
    free(samples);
    return energy;
}

double tdm_sensors_total(const struct tdm_sensors *sensors, const char **covers)
{
    double sum = 0;
    if (covers)
        *covers = sensors->covers;
    for (size_t i = 0; i < sensors->channel_count && sensors->whole; i++) {
        if (!sensors->channels[i]->sensor.total)
            continue;
        const struct tdm_reading reading = tdm_sensors_read(sensors, i);
        sum += reading.stale ? NAN : reading.value;
    }
    return sensors->whole ? sum : NAN;
}

struct tdm_energy tdm_sensors_total_energy(const struct tdm_sensors *sensors, double from,
                                           double to)
{
    struct tdm_energy total = {.joules = sensors->whole ? 0 : NAN, .covered = INFINITY};
    struct tdm_energy of[CHANNELS];
    size_t count = 0;
    for (size_t i = 0; i < sensors->channel_count; i++)
        if (sensors->channels[i]->sensor.total) {
            of[count] = tdm_sensors_energy(sensors, i, from, to);
            total.covered = tdm_smaller(total.covered, of[count++].covered);
        }
    // Of each rail as long as the one that was seen least: the sum is of one span.
    double variance = 0;
    for (size_t i = 0; i < count; i++) {
        const double share = of[i].covered > 0 ? total.covered / of[i].covered : 1;
        total.joules += share * of[i].joules;
        variance += pow(share * of[i].error, 2);
        total.samples += of[i].samples;
    }
    total.error = sqrt(variance);
    if (!isfinite(total.covered))
        total.covered = 0;
    return total;
}

double tdm_sensors_hottest(const struct tdm_sensors *sensors, const char **name)
{
    double hottest = NAN;
    for (size_t i = 0; i < sensors->channel_count; i++) {
        if (sensors->channels[i]->sensor.kind != TDM_SENSOR_ZONE)
            continue;
        const struct tdm_reading reading = tdm_sensors_read(sensors, i);
        if (reading.stale || !(isnan(hottest) || reading.value > hottest))
            continue;
        hottest = reading.value;
        if (name)
            *name = sensors->channels[i]->sensor.name;
    }
    return hottest;
}
