/* Symbol visibility and C++ linkage for the public headers. */
#ifndef SSMCAST_EXPORT_H
#define SSMCAST_EXPORT_H

#if defined(__GNUC__)
#define SSM_API __attribute__((visibility("default")))
#else
#define SSM_API
#endif

#ifdef __cplusplus
#define SSM_BEGIN_DECLS extern "C" {
#define SSM_END_DECLS   }
#else
#define SSM_BEGIN_DECLS
#define SSM_END_DECLS
#endif

#endif
