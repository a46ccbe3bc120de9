# SPDX-License-Identifier: MIT
# Sourced by symbols_test and update_symbols.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this
symbols_file=tests/api/symbols.txt

# What a shared library exports, less the names of its version nodes.
exported_symbols() {
    nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort
}

# What the public headers declare with TROUPE_API, or another mark: the first word of the library's own before a
# parenthesis, or else the last word.
declared_symbols() {
    cat include/troupe/*.h | gcc -fpreprocessed -dD -E -P - 2>/dev/null | grep -v '^ *#' |
        tr '\n{}' '  ' | tr ';' '\n' | awk -v mark="${1-TROUPE_API}" '
        index($0, mark) {
            sub(".*" mark, "")
            if (match($0, /troupe_[a-z0-9_]+ *\(/)) {
                name = substr($0, RSTART, RLENGTH)
                sub(/ *\(/, "", name)
            } else {
                sub(/\[.*/, "")
                name = $NF
            }
            print name
        }' | LC_ALL=C sort -u
}
