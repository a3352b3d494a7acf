/* The two files of the filter for control code as strings, made by the build: see cmake/amalgamate.cmake. */
#ifndef SSMCAST_KALMAN_CODEGEN_FILES_H
#define SSMCAST_KALMAN_CODEGEN_FILES_H

extern const char ssmi_kf_file_h[]; /* ssmcast_kf.h */
extern const char ssmi_kf_file_c[]; /* ssmcast_kf.c */

#endif
