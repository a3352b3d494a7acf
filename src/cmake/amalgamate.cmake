# The filter for control code as two files, from the sources that the library is compiled from:
#
#   cmake -DSOURCE=<src> -DOUTPUT=<folder> -DVERSION=<x.y.z> -P amalgamate.cmake
#
# writes ssmcast_kf.h and ssmcast_kf.c. Names are written out, NAME(kf_x) to ssm_kf_x and REAL to ssm_kf_real; nothing
# else changes, so the compiler sees the same arithmetic.
cmake_minimum_required(VERSION 3.25)

# The text of files of kalman/, one after the other. What a list would swallow goes round under other names.
function(read_text result)
  set(all "")
  foreach(name IN LISTS ARGN)
    file(READ ${SOURCE}/kalman/${name} text)
    string(APPEND all "${text}\n")
  endforeach()
  set(${result} "${all}" PARENT_SCOPE)
endfunction()

function(write_out_names result text)
  # clang-format sets these two apart from what follows them
  string(REGEX REPLACE "NAME\\(([a-z0-9_]+)\\)[ \n]*\\(" "ssm_\\1(" text "${text}")
  string(REGEX REPLACE "NAME\\(([a-z0-9_]+)\\) \\*[ ]?" "ssm_\\1 *" text "${text}")
  string(REGEX REPLACE "NAME\\(([a-z0-9_]+)\\)" "ssm_\\1" text "${text}")
  string(REGEX REPLACE "(^|[^A-Z_])REAL([^A-Z_S])" "\\1ssm_kf_real\\2" text "${text}")
  string(REGEX REPLACE "SSMI_UD_WORK\\(n, r\\)" "SSM_KF_PREDICT_REALS(n, r)" text "${text}")
  string(REPLACE "ssmi_kf_text" "ssm_kf_text" text "${text}")
  string(REGEX REPLACE "\nKERNEL " "\nstatic " text "${text}")
  string(REPLACE "core/discretise.c does with LAPACK" "ssmcast does" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The constants of a precision: the lines of real_f32.h or real_f64.h from EPSILON on.
function(constants result name)
  file(READ ${SOURCE}/kalman/${name} text)
  string(FIND "${text}" "#define EPSILON" start)
  string(SUBSTRING "${text}" ${start} -1 text)
  string(STRIP "${text}" text)
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

read_text(SIZES kf_sizes.h)
string(REGEX REPLACE "#ifndef SSMCAST_KALMAN_KF_SIZES_H\n#define SSMCAST_KALMAN_KF_SIZES_H\n\n" "" SIZES "${SIZES}")
string(REGEX REPLACE "\n#endif\n\n$" "" SIZES "${SIZES}")
read_text(DECLARATIONS kf_decl.h)
write_out_names(DECLARATIONS "${DECLARATIONS}")
read_text(BODIES ud_decl.h ud_lanes_body.h ud_body.h kf_body.h kf_step_body.h kf_state_body.h kf_time_body.h kf_archive_body.h
          kf_steady_body.h kf_text_body.h)
write_out_names(BODIES "${BODIES}")
constants(FLOAT real_f32.h)
constants(DOUBLE real_f64.h)
file(READ ${SOURCE}/../LICENSE LICENCE)

foreach(kind h c)
  file(READ ${SOURCE}/kalman/ssmcast_kf.${kind}.in text)
  foreach(part VERSION SIZES DECLARATIONS DOUBLE FLOAT BODIES LICENCE)
    string(REPLACE "@${part}@" "${${part}}" text "${text}")
  endforeach()
  string(REGEX REPLACE "\n\n\n+" "\n\n" text "${text}")
  file(WRITE ${OUTPUT}/ssmcast_kf.${kind} "${text}")
endforeach()

# The same as data, for the code generator: ssmi_kf_file_h and ssmi_kf_file_c, strings.
set(data "/* Made by amalgamate.cmake. */\n#include \"kalman/codegen_files.h\"\n")
foreach(kind h c)
  file(READ ${OUTPUT}/ssmcast_kf.${kind} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND data "const char ssmi_kf_file_${kind}[] = {${bytes}0};\n")
endforeach()
file(WRITE ${OUTPUT}/ssmcast_kf_data.c "${data}")
