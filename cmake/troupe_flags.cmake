# SPDX-License-Identifier: MIT
# How everything of ours is compiled: warnings, hardening, sanitizers, in one place.
#
#   troupe_build_flags      for our own sources
#   troupe_sanitizer_flags  its part that generated sources get too
#   TROUPE_USER_COMPILE_OPTIONS  what the sources of users need as well
include(CheckCCompilerFlag)

# An actor's stack is small and ends in a guard. Without this a large frame could step over it.
check_c_compiler_flag(-fstack-clash-protection TROUPE_HAS_STACK_CLASH_PROTECTION)
if(TROUPE_HAS_STACK_CLASH_PROTECTION)
    set(TROUPE_USER_COMPILE_OPTIONS -fstack-clash-protection)
endif()

add_library(troupe_sanitizer_flags INTERFACE)
if(TROUPE_SANITIZE)
    target_compile_options(troupe_sanitizer_flags INTERFACE
        -fsanitize=${TROUPE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(troupe_sanitizer_flags INTERFACE -fsanitize=${TROUPE_SANITIZE})
endif()

add_library(troupe_build_flags INTERFACE)
target_link_libraries(troupe_build_flags INTERFACE troupe_sanitizer_flags)
target_compile_definitions(troupe_build_flags INTERFACE
    _GNU_SOURCE $<$<BOOL:${TROUPE_SHAKE}>:TR_SHAKE>
    $<$<BOOL:${TROUPE_CHANCES}>:TR_CHANCES>)

set(warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wcast-qual -Wpointer-arith -Wwrite-strings
    -Wformat=2 -Wundef -Wvla -Walloca -Wswitch-enum -Wdouble-promotion -Wredundant-decls)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND warnings -Wcast-align=strict -Wimplicit-fallthrough=5 -Wduplicated-cond
        -Wduplicated-branches -Wlogical-op)
    if(NOT TROUPE_SANITIZE)
        # The branches that sanitizers put in look like null dereferences to it; and in tests it does
        # not know that a failed assertion of cmocka does not return.
        list(APPEND warnings $<$<NOT:$<BOOL:$<TARGET_PROPERTY:TROUPE_IS_TEST>>>:-Wnull-dereference>)
    endif()
else()
    list(APPEND warnings -Wcast-align -Wimplicit-fallthrough)
endif()
target_compile_options(troupe_build_flags INTERFACE
    ${warnings} $<$<BOOL:${TROUPE_WERROR}>:-Werror>
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)

# Hardening for what people run. Sanitizers bring their own and do not go with it.
check_c_compiler_flag(-fcf-protection=full TROUPE_HAS_CF_PROTECTION)
if(NOT TROUPE_SANITIZE)
    set(optimised $<CONFIG:Release,RelWithDebInfo,MinSizeRel>)
    target_compile_options(troupe_build_flags INTERFACE
        -fstack-protector-strong
        $<$<BOOL:${TROUPE_HAS_CF_PROTECTION}>:-fcf-protection=full>
        $<${optimised}:-U_FORTIFY_SOURCE>
        $<${optimised}:-D_FORTIFY_SOURCE=3>)
    target_link_options(troupe_build_flags INTERFACE -Wl,-z,relro,-z,now,-z,defs)
endif()
