# SPDX-License-Identifier: MIT
# Reads cmocka's report and writes one record for each test, its fields separated by tabs:
#
#   pass NAME
#   fail NAME first line of the message, more of it after \037
#   skip NAME

/<testcase name="/ {
    name = $0
    sub(/.*<testcase name="/, "", name)
    sub(/".*/, "", name)
    outcome = "pass"
    message = ""
}

/<skipped\/>/ {
    outcome = "skip"
}

/<(failure|error)>/ {
    outcome = "fail"
    in_message = 1
}

in_message {
    line = $0
    is_last = line ~ /<\/(failure|error)>/
    sub(/.*<(failure|error)>(<!\[CDATA\[)?/, "", line)
    sub(/(]]>)?<\/(failure|error)>.*/, "", line)
    gsub(/\t/, "    ", line)
    message = message (message == "" ? "" : "\037") line
    if (is_last) {
        in_message = 0
    }
}

/<\/testcase>/ && !in_message {
    printf "%s\t%s\t%s\n", outcome, name, message
}
