# SPDX-License-Identifier: MIT
# BoostContext::BoostContext: the two assembly functions that switch between stacks. Linked
# statically, so that nothing of C++ comes with them.
find_library(BoostContext_LIBRARY libboost_context.a)
mark_as_advanced(BoostContext_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoostContext REQUIRED_VARS BoostContext_LIBRARY)

if(BoostContext_FOUND AND NOT TARGET BoostContext::BoostContext)
    add_library(BoostContext::BoostContext STATIC IMPORTED)
    set_target_properties(BoostContext::BoostContext PROPERTIES
        IMPORTED_LOCATION ${BoostContext_LIBRARY} IMPORTED_LINK_INTERFACE_LANGUAGES C)
endif()
