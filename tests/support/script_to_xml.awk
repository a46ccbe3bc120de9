# SPDX-License-Identifier: MIT
# Makes a report like cmocka's of what a test script wrote. The lines since the result before
# belong to the next one, as its explanation.

function result(name, body)
{
    gsub(/&/, "\\&amp;", name)
    gsub(/"/, "\\&quot;", name)
    printf "    <testcase name=\"%s\" >\n%s    </testcase>\n", name, body
    explanation = ""
}

BEGIN {
    print "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>"
    print "<testsuites>"
    print "  <testsuite name=\"script\" >"
}

/^ok - / {
    result(substr($0, 6), "")
    next
}

/^not ok - / {
    gsub(/]]>/, "]] >", explanation)
    result(substr($0, 10), "      <failure><![CDATA[" explanation "]]></failure>\n")
    next
}

/^skip - / {
    name = substr($0, 8)
    sub(/ # .*/, "", name)
    result(name, "      <skipped/>\n")
    next
}

{
    explanation = explanation $0 "\n"
}

END {
    print "  </testsuite>"
    print "</testsuites>"
}
