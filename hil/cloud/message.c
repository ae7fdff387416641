// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/cloud/message.h"

#include "core/text.h"

// Fields that are not ours make a message of another program, and cost memory.
static int plain(const ProtobufCMessage *message)
{
    return message->n_unknown_fields == 0;
}

Tandem__Cloud__Ask *tdm_message_ask(const uint8_t *bytes, size_t size)
{
    Tandem__Cloud__Ask *ask = tandem__cloud__ask__unpack(NULL, size, bytes);
    if (ask && plain(&ask->base) && ask->number && tdm_text_is_name(ask->network))
        return ask;
    tdm_message_free_ask(ask);
    return NULL;
}

Tandem__Cloud__Reply *tdm_message_reply(const uint8_t *bytes, size_t size)
{
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
