// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/cloud/message.h"

#include "core/text.h"
#include "hil/inference/wire_form.h"

enum { MOST_FIELDS = 16 }; // more than a message of ours has

// A field takes protobuf-c many times the memory that it takes a sender to write.
static bool has_few_fields(const uint8_t *bytes, size_t size)
{
    struct tdm_wire wire = {bytes, bytes + size};
    struct tdm_wire_field field;
    for (int count = 0; wire.at < wire.end; count++)
        if (count == MOST_FIELDS || !tdm_wire_next(&wire, &field))
            return false;
    return true;
}

// Fields that are not ours make it a message of another program.
static bool plain(const ProtobufCMessage *message)
{
    return message->n_unknown_fields == 0;
}

Tandem__Cloud__Ask *tdm_message_ask(const uint8_t *bytes, size_t size)
{
    if (!has_few_fields(bytes, size))
        return NULL;
    Tandem__Cloud__Ask *ask = tandem__cloud__ask__unpack(NULL, size, bytes);
    if (ask && plain(&ask->base) && ask->number && tdm_text_is_name(ask->network))
        return ask;
    tdm_message_free_ask(ask);
    return NULL;
}

Tandem__Cloud__Reply *tdm_message_reply(const uint8_t *bytes, size_t size)
{
    if (!has_few_fields(bytes, size))
        return NULL;
    Tandem__Cloud__Reply *reply = tandem__cloud__reply__unpack(NULL, size, bytes);
    if (reply && plain(&reply->base))
        return reply;
    tdm_message_free_reply(reply);
    return NULL;
}

void tdm_message_free_ask(Tandem__Cloud__Ask *ask)
{
    if (ask)
        tandem__cloud__ask__free_unpacked(ask, NULL);
}

void tdm_message_free_reply(Tandem__Cloud__Reply *reply)
{
    if (reply)
        tandem__cloud__reply__free_unpacked(reply, NULL);
}
