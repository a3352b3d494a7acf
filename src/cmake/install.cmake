# What `cmake --install` puts where: command, both libraries, public headers, CMake package, pkg-config file.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ssmcast)

install(TARGETS ssmcast_shared EXPORT ssmcast-shared
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ssmcast_static EXPORT ssmcast-static
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET ssmcast_cli)
  install(TARGETS ssmcast_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ssmcast DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")

install(FILES ${PROJECT_SOURCE_DIR}/datasets/pretrained/ssmcast-zero-3m.safetensors
        DESTINATION ${CMAKE_INSTALL_DATADIR}/ssmcast)

# The filter for control code: two files to copy into firmware.
install(FILES ${PROJECT_BINARY_DIR}/src/embedded/ssmcast_kf.h ${PROJECT_BINARY_DIR}/src/embedded/ssmcast_kf.c
        DESTINATION ${CMAKE_INSTALL_DATADIR}/ssmcast/embedded)

# CMake: ssmcast::ssmcast needs nothing else; ssmcast::ssmcast-static comes with the libraries it calls.
foreach(kind shared static)
  install(EXPORT ssmcast-${kind} FILE ssmcast-${kind}.cmake NAMESPACE ssmcast:: DESTINATION ${package_dir})
endforeach()
configure_package_config_file(src/cmake/ssmcastConfig.cmake.in src/ssmcastConfig.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(src/ssmcastConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/src/ssmcastConfig.cmake ${PROJECT_BINARY_DIR}/src/ssmcastConfigVersion.cmake
              src/cmake/ssmcastDependencies.cmake src/cmake/FindCSV.cmake
        DESTINATION ${package_dir})

# pkg-config: paths relative to the file, so that the tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE prefix_from_pc)
# The static library's own dependencies by their link flags. Requires.private would also ask for what those need in
# turn if they were static themselves, such as -lgfortran, which systems with shared ones do not have.
set(pc_private)
foreach(module IN LISTS ssmcast_modules)
  list(APPEND pc_private ${SSMCAST_${module}_LDFLAGS})
endforeach()
list(REMOVE_DUPLICATES pc_private)
list(TRANSFORM CMAKE_C_IMPLICIT_LINK_DIRECTORIES PREPEND "-L" OUTPUT_VARIABLE pc_implied)
list(REMOVE_ITEM pc_private ${pc_implied})
list(JOIN pc_private " " pc_private)
configure_file(src/cmake/ssmcast.pc.in src/ssmcast.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/src/ssmcast.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
