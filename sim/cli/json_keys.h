// SPDX-License-Identifier: GPL-3.0-or-later
/** Every key of what `tandem` prints as JSON, for `tandem help json`. */
#ifndef TDM_CLI_JSON_KEYS_H
#define TDM_CLI_JSON_KEYS_H

struct tdm_json_key {
    const char *where; /**< command and object: "compare, in policies[]" */
    const char *key;
    const char *unit; /**< "" for names, objects and lists; "1" for bare numbers */
    const char *meaning;
};

/** Keys of one `where` stand together; ends with a NULL key. */
extern const struct tdm_json_key tdm_json_keys[];

/** What a figure of `tandem run --json` is; NULL where it is none. */
const struct tdm_json_key *tdm_json_key_of_run(const char *key);

#endif
