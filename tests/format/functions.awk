# Prints one line a function: length, file:line, name, and "reason" when the comment right above it says why it is
# long ("Long because ..."). Also files (length, file, "(file)"). Relies on the house's format, which clang-format
# enforces: a function's braces stand alone in column 0. A macro over several lines counts as a function.
function flush_file() { if (last_file != "") print last_line, last_file, "(file)" }

FNR == 1 { flush_file(); inside = macro_start = 0; start = 0; reason = ""; comment = "" }
{ last_file = FILENAME; last_line = FNR }

inside {
    if ($0 == "}") {
        print FNR - start + 1, FILENAME ":" start, name, reason
        inside = start = 0
        reason = ""
    }
    next
}
in_comment || /^\/\*/ {
    if (!in_comment) comment = ""
    comment = comment " " $0
    in_comment = !/\*\//
    reason = tolower(comment) ~ /long because/ ? "reason" : ""
    start = 0
    next
}
/^#[ \t]*define.*\\$/ { macro_start = FNR; macro_name = $2; next }
macro_start {
    if (!/\\$/) {
        print FNR - macro_start + 1, FILENAME ":" macro_start, macro_name, reason
        macro_start = 0
        reason = ""
    }
    next
}
$0 == "{" { if (start) inside = 1; next }
/^[ \t]*$/ || /^#/ { start = 0; reason = ""; next }
/^[A-Za-z_]/ {
    if (!start) {
        start = FNR
        name = ""
    }
    if (name == "" && match($0, /[A-Za-z_0-9]+\(/)) {
        head = $0
        sub(/^__attribute__\(\([^)]*\)\)[ ]*/, "", head)
        match(head, /[A-Za-z_0-9]+\(/)
        name = substr(head, RSTART, RLENGTH - 1)
    }
    if (/;[ \t]*$/) start = 0
}
END { flush_file() }
