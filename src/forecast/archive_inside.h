/* Inside of an archive: what the values (archive.c) and the files (archive_file.c) share. */
#ifndef SSMCAST_FORECAST_ARCHIVE_INSIDE_H
#define SSMCAST_FORECAST_ARCHIVE_INSIDE_H

#include "forecast/archive.h"
#include "forecast/safetensors.h"

enum { SSMI_ARCHIVE_NAME = 256 };

struct ssm_archive {
    ssm_context *ctx;
    const char *path;
    int loading;
    size_t depth; /* of members inside members */
    size_t width; /* series of a vector of the forecaster at hand */
    ssm_arena *mem, *tmp;
    char prefix[SSMI_ARCHIVE_NAME];
    ssmi_safetensors file; /* read from, or filled */
    ssmi_tensor *tensor;   /* saving: the writable side of `file` */
    ssmi_pair *pair;
    size_t tensor_room, pair_room;
    size_t n_read; /* loading: tensors taken */
};

/* <prefix><group><name>, in tmp. NULL: out of memory. */
char *ssmi_archive_full_name(ssm_archive *archive, const char *group, const char *name);
ssm_status ssmi_archive_put(ssm_archive *archive, const char *group, const char *name, const char *value);
/* SSM_E_FORMAT when it is not there. */
ssm_status ssmi_archive_get(ssm_archive *archive, const char *group, const char *name, const char **value);

#endif
