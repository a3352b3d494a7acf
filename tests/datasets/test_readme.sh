# datasets/README.md states rows, missing cells and SHA-256 of every bundled series; the files must be those.
. "$(dirname "$0")/../guard.sh"

# The table's rows as: file rows missing sha256
table() {
    awk -F'|' '/^\| `.*\.csv` \|/ { gsub(/[` ]/, ""); print $2, $3, $4, $6 }' "$1/README.md"
}

check() {
    local folder=$1 file rows missing sha256 found
    {
        table "$folder" | while read -r file rows missing sha256; do
            [ -f "$folder/$file" ] || { echo "$file: in the table but not in the folder"; continue; }
            found=$(awk -F, 'NR > 1 { rows++; if ($2 == "") missing++ } END { print rows + 0, missing + 0 }' "$folder/$file")
            [ "$found" = "$rows $missing" ] || echo "$file: rows and missing are $found, the table says $rows $missing"
            found=$(sha256sum < "$folder/$file")
            [ "${found%% *}" = "$sha256" ] || echo "$file: sha256 is ${found%% *}, the table says $sha256"
        done
        for file in "$folder"/*.csv; do
            table "$folder" | grep "^${file##*/} " > /dev/null || echo "${file##*/}: not in the table"
            grep -q "^## ${file##*/} " "$folder/README.md" || echo "${file##*/}: no paragraph with source and licence"
        done
        awk '/^## / { if (title != "" && !(source && licence)) print title ": source or licence is not stated"
                      title = $2; source = licence = 0 }
             /^Source: / { source = 1 } /[Ll]icence/ { licence = 1 }
             END { if (title != "" && !(source && licence)) print title ": source or licence is not stated" }' "$folder/README.md"
    } | none
}

bad() { rm -rf "$fixture/bad"; cp -r "$SOURCE/datasets" "$fixture/bad"; }

bad; sed -i '2s/.$/9/;2s/$/ /' "$fixture/bad/nile.csv"
must_fail "^nile.csv: sha256 is" check "$fixture/bad"
bad; echo "1971-01-01,700" >> "$fixture/bad/nile.csv"
must_fail "^nile.csv: rows and missing are 101 0" check "$fixture/bad"
bad; cp "$fixture/bad/nile.csv" "$fixture/bad/amazon.csv"
must_fail "^amazon.csv: not in the table" check "$fixture/bad"
bad; rm "$fixture/bad/taylor.csv"
must_fail "^taylor.csv: in the table but not" check "$fixture/bad"
bad; sed -i 's/^Licence of that package.*//; s/Licence of.*//; s/Licence: public.*//' "$fixture/bad/README.md"
must_fail "^nile.csv: source or licence" check "$fixture/bad"
must_pass check "$SOURCE/datasets"
