# SPDX-License-Identifier: MIT
# How tests are declared. Both kinds run from the top of the source tree through
# tests/support/with_report, which leaves the report and the exit status where tests/run looks.

set(TROUPE_TEST_SECONDS_MAX 30)
if(TROUPE_SANITIZE)
    set(TROUPE_TEST_SECONDS_MAX 150)
endif()

# troupe_test(unit/core/mailbox_test) builds that file of tests/ and runs it as
# unit.core.mailbox_test, labelled unit/core.
#
#   SOURCES    more sources, beside the calling CMakeLists.txt
#   LIBRARIES  more to link, such as a troupe_protobuf library
#   NEEDS      targets that have to be built for it, such as a program that it runs
#   SECONDS    time limit in a plain build, if not 30
function(troupe_test path)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "SECONDS" "SOURCES;LIBRARIES;NEEDS")
    string(REPLACE "/" "." name ${path})
    add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/${path}.c ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE
        troupe_test_support ${ARG_LIBRARIES} troupe_build_flags)
    set_target_properties(${name} PROPERTIES TROUPE_IS_TEST ON)
    if(NOT path MATCHES "^(support|tidy|unit/base|unit/transport)/")
        target_link_libraries(${name} PRIVATE troupe_test_world)
    endif()
    if(ARG_NEEDS)
        add_dependencies(${name} ${ARG_NEEDS})
    endif()
    add_test(NAME ${name}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/support/with_report ${name} $<TARGET_FILE:${name}>)
    troupe_test_properties(${name} ${path} "${ARG_SECONDS}")

    # tests.unit.core builds all of a folder and what is below it: tests.unit has it too.
    cmake_path(GET path PARENT_PATH folder)
    while(folder)
        string(REPLACE "/" "." target tests.${folder})
        if(NOT TARGET ${target})
            add_custom_target(${target})
        endif()
        add_dependencies(${target} ${name})
        cmake_path(GET folder PARENT_PATH folder)
    endwhile()
endfunction()

# troupe_script_test(api/install_test argument ... [SECONDS n]) runs that script of tests/. It writes
# a line "ok - NAME", "not ok - NAME" or "skip - NAME # REASON" for each test, after what explains it.
function(troupe_script_test path)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "SECONDS" "")
    string(REPLACE "/" "." name ${path})
    add_test(NAME ${name}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/support/with_report --script ${name}
            ${PROJECT_SOURCE_DIR}/tests/${path} ${ARG_UNPARSED_ARGUMENTS})
    troupe_test_properties(${name} ${path} "${ARG_SECONDS}")
endfunction()

function(troupe_test_properties name path seconds)
    cmake_path(GET path PARENT_PATH label)
    set(seconds_max ${TROUPE_TEST_SECONDS_MAX})
    if(seconds)
        math(EXPR seconds_max "${seconds} * ${TROUPE_TEST_SECONDS_MAX} / 30")
    endif()
    set_tests_properties(${name} PROPERTIES
        LABELS ${label} TIMEOUT ${seconds_max} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()
