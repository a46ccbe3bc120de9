# SPDX-License-Identifier: MIT
# troupe_protobuf(shop_messages shop.proto ...) makes the library shop_messages of the C sources
# that protoc-c generates. Link it and write #include "shop.pb-c.h". Nothing generated is written
# outside the build tree, and none of it is held to our warnings.
find_program(TROUPE_PROTOC_C protoc-c)

function(troupe_protobuf target)
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

    add_library(${target} STATIC ${generated})
    target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${folder}>)
    target_link_libraries(${target}
        PUBLIC ProtobufC::ProtobufC PRIVATE $<BUILD_INTERFACE:troupe_sanitizer_flags>)
endfunction()
