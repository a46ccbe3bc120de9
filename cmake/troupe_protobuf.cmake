# SPDX-License-Identifier: MIT
# troupe_protobuf(shop_messages shop.proto ...) makes the library shop_messages of the C sources
# that protoc-c generates. Link it and write #include "shop.pb-c.h". Nothing generated is written
# outside the build tree, and none of it is held to our warnings.
find_program(TROUPE_PROTOC_C protoc-c)

# Makes the sources; their paths go to the variable named, and their folder to the other.
function(troupe_protobuf_sources target out_folder out_sources)
    if(NOT TROUPE_PROTOC_C)
        message(FATAL_ERROR "protoc-c is missing; cmake/install_packages installs it")
    endif()

    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.protobuf)
    file(MAKE_DIRECTORY ${folder})
    set(generated "")
    foreach(proto IN LISTS ARGN)
        cmake_path(ABSOLUTE_PATH proto BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
        cmake_path(GET proto PARENT_PATH proto_folder)
        cmake_path(GET proto STEM name)
        add_custom_command(
            OUTPUT ${folder}/${name}.pb-c.c ${folder}/${name}.pb-c.h
            COMMAND ${TROUPE_PROTOC_C} --c_out=${folder} --proto_path=${proto_folder} ${proto}
            DEPENDS ${proto}
            COMMENT "Generating ${name}.pb-c.h"
            VERBATIM)
        list(APPEND generated ${folder}/${name}.pb-c.c ${folder}/${name}.pb-c.h)
    endforeach()
    set(${out_folder} ${folder} PARENT_SCOPE)
    set(${out_sources} ${generated} PARENT_SCOPE)
endfunction()

function(troupe_protobuf target)
    troupe_protobuf_sources(${target} folder generated ${ARGN})
    add_library(${target} STATIC ${generated})
    target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${folder}>)
    target_link_libraries(${target}
        PUBLIC ProtobufC::ProtobufC PRIVATE $<BUILD_INTERFACE:troupe_sanitizer_flags>)
endfunction()

# The same for what is part of the library itself: objects, and the headers as troupe_wire_headers.
function(troupe_protobuf_objects target)
    troupe_protobuf_sources(${target} folder generated ${ARGN})
    add_library(${target} OBJECT ${generated})
    target_include_directories(${target} SYSTEM PUBLIC ${folder})
    target_link_libraries(${target} PUBLIC ProtobufC::ProtobufC PRIVATE troupe_sanitizer_flags)
    add_library(troupe_wire_headers INTERFACE)
    target_include_directories(troupe_wire_headers SYSTEM INTERFACE ${folder})
    add_dependencies(troupe_wire_headers ${target})
endfunction()
