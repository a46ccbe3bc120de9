# SPDX-License-Identifier: MIT
# The libraries that users link, and how they are installed: libtroupe, and libtroupe_simulation for
# their tests, which is all of the first and simulation besides. Both shared and static.
include(CMakePackageConfigHelpers)

# troupe_add_library(troupe_static STATIC troupe troupe_objects) makes libtroupe.a of these objects.
function(troupe_add_library name kind output_name)
    add_library(${name} ${kind})
    foreach(objects IN LISTS ARGN)
        target_sources(${name} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endforeach()
    add_library(troupe::${name} ALIAS ${name})
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${output_name} LINKER_LANGUAGE C)
    target_include_directories(${name} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_compile_options(${name} PUBLIC
        "$<$<COMPILE_LANGUAGE:C,CXX>:${TROUPE_USER_COMPILE_OPTIONS}>")
    target_link_libraries(${name}
        PUBLIC ProtobufC::ProtobufC
        PRIVATE ZeroMQ::ZeroMQ BoostContext::BoostContext Threads::Threads
            $<$<BOOL:${LZ4_FOUND}>:LZ4::LZ4>
            $<BUILD_INTERFACE:troupe_build_flags>)
endfunction()

# In libtroupe_simulation the core tells what it does, and what is rare can be made likely
# (TR_CHANCES). Where libtroupe has nothing of that the sources are compiled a second time.
set(simulation_objects troupe_objects troupe_simulation_objects)
if(NOT TROUPE_CHANCES)
    set(simulation_objects "")
    foreach(objects troupe_objects troupe_simulation_objects)
        get_target_property(sources ${objects} SOURCES)
        add_library(${objects}_with_chances OBJECT ${sources})
        target_compile_definitions(${objects}_with_chances PRIVATE TR_CHANCES)
        target_link_libraries(${objects}_with_chances
            PUBLIC troupe_surroundings PRIVATE troupe_build_flags troupe_wire_headers)
        list(APPEND simulation_objects ${objects}_with_chances)
    endforeach()
endif()

troupe_add_library(troupe SHARED troupe troupe_objects troupe_wire_objects)
troupe_add_library(troupe_static STATIC troupe troupe_objects troupe_wire_objects)
troupe_add_library(troupe_simulation SHARED troupe_simulation
    ${simulation_objects} troupe_wire_objects)
troupe_add_library(troupe_simulation_static STATIC troupe_simulation
    ${simulation_objects} troupe_wire_objects)

# Only what is named in the map leaves the shared library, not even what a linked archive exports.
set(version_map ${PROJECT_SOURCE_DIR}/cmake/troupe.map)
foreach(target troupe troupe_simulation)
    set_target_properties(${target} PROPERTIES
        VERSION ${PROJECT_VERSION} SOVERSION 0 LINK_DEPENDS ${version_map})
    target_link_options(${target} PRIVATE -Wl,--version-script=${version_map})
endforeach()

install(TARGETS troupe troupe_static troupe_simulation troupe_simulation_static
    EXPORT troupe_targets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/troupe
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# CMake package: find_package(troupe), then troupe::troupe or troupe::troupe_static.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/troupe)
install(EXPORT troupe_targets NAMESPACE troupe:: FILE troupe-targets.cmake
    DESTINATION ${package_folder})
get_property(optional_packages GLOBAL PROPERTY TROUPE_ACTOR_PACKAGES)
set(optional_requires "")
if(LZ4_FOUND)
    list(APPEND optional_packages LZ4)
    set(optional_requires ", liblz4")
endif()
configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cmake/troupe-config.cmake.in ${PROJECT_BINARY_DIR}/troupe-config.cmake
    INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(
    ${PROJECT_BINARY_DIR}/troupe-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/troupe-config.cmake
    ${PROJECT_BINARY_DIR}/troupe-config-version.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindProtobufC.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindZeroMQ.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindBoostContext.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindLZ4.cmake
    DESTINATION ${package_folder})

# pkg-config: paths relative to the file, so that the installed tree may be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE prefix_from_pc)
list(JOIN TROUPE_USER_COMPILE_OPTIONS " " user_compile_options)
foreach(library_name troupe troupe_simulation)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/troupe.pc.in
        ${PROJECT_BINARY_DIR}/${library_name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${library_name}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
