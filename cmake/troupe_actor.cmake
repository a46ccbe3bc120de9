# SPDX-License-Identifier: MIT
# troupe_actor(http_client SOURCES http_client.c PROTOS http.proto LIBRARIES CURL::libcurl) makes
# the ready-made actor of the folder it is called in: the library troupe::http_client, with the
# public header <troupe/actors/http_client.h> and the messages of the .proto files. What uses it
# links troupe::troupe or troupe::troupe_static as well.
#
#   HEADERS    more public headers
#   PACKAGE    what find_dependency() has to find for those who use the installed library
function(troupe_actor name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PACKAGE" "SOURCES;HEADERS;PROTOS;LIBRARIES")
    set(target troupe_${name})
    set(header_folder ${CMAKE_INSTALL_INCLUDEDIR}/troupe/actors)
    add_library(${target} STATIC ${ARG_SOURCES})
    add_library(troupe::${name} ALIAS ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    set(build_folder ${PROJECT_BINARY_DIR}/actors/include)
    foreach(header IN ITEMS ${name}.h LISTS ARG_HEADERS)
        configure_file(${header} ${build_folder}/troupe/actors/${header} COPYONLY)
        install(FILES ${header} DESTINATION ${header_folder})
    endforeach()
    target_include_directories(${target}
        PUBLIC $<BUILD_INTERFACE:${build_folder}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
        PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_compile_options(${target} PRIVATE ${TROUPE_USER_COMPILE_OPTIONS})
    target_link_libraries(${target}
        PUBLIC ProtobufC::ProtobufC
        PRIVATE ${ARG_LIBRARIES} $<BUILD_INTERFACE:troupe_build_flags>)
    install(TARGETS ${target} EXPORT troupe_targets)

    if(ARG_PROTOS)
        troupe_protobuf(${target}_messages ${ARG_PROTOS})
        set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_messages.protobuf)
        target_link_libraries(${target} PUBLIC ${target}_messages)
        install(TARGETS ${target}_messages EXPORT troupe_targets)
        install(DIRECTORY ${generated}/ DESTINATION ${header_folder}
            FILES_MATCHING PATTERN "*.pb-c.h")
        install(FILES ${ARG_PROTOS} DESTINATION ${CMAKE_INSTALL_DATADIR}/troupe/actors)
    endif()
    if(ARG_PACKAGE)
        set_property(GLOBAL APPEND PROPERTY TROUPE_ACTOR_PACKAGES ${ARG_PACKAGE})
    endif()
endfunction()
