# Columns that one model takes together, from the command line.
set -u
export LC_ALL=C
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed=0
complain() { echo "$*" >&2; failed=1; }

# one movement in two columns; the second ends in a gap while the first goes on
awk 'BEGIN { print "day,a,b"; level = 0
    for (t = 0; t < 120; t++) {
        level += ((t * t * 7 + 3 * t) % 13 - 6) / 3
        printf "%s,%.4f,", t, 10 + level + (t * 5 % 7 - 3) / 40
        if (t < 110) printf "%.4f", 50 + 2 * level + (t * 3 % 5 - 2) / 40
        print ""
    } }' > rows.csv
last=$(tail -1 rows.csv | cut -d, -f2)

"$SSMCAST" forecast rows.csv --column a,b --model multivariate --horizon 1 --save both.safetensors > out 2> err ||
    complain "forecast failed: $(cat err)"
[ "$(grep -c . out)" -eq 3 ] || complain "not one row for each column: $(cat out)"
[ "$(grep -c ': multivariate: ' err)" -eq 1 ] || complain "not one note: $(cat err)"
grep '^b,' out | awk -F, -v a="$last" '{ d = $3 - 50 - 2 * (a - 10); exit !(d < 1 && d > -1) }' ||
    complain "b does not follow a, which is at $last: $(cat out)"

# the same from the file
"$SSMCAST" forecast rows.csv --column a,b --load both.safetensors --horizon 1 > again 2> err || complain "load: $(cat err)"
cmp -s out again || complain "the loaded model forecasts something else"
"$SSMCAST" fit rows.csv --column a,b --model multivariate --output fit.safetensors > fit 2>&1 || complain "fit: $(cat fit)"
"$SSMCAST" forecast rows.csv --column a,b --load fit.safetensors --horizon 1 > again 2> err || complain "load: $(cat err)"
[ "$(grep -c . again)" -eq 3 ] || complain "the fitted model does not forecast both columns"

# another number of columns is wrong usage, others of the same number are warned of
"$SSMCAST" forecast rows.csv --column a --load both.safetensors > /dev/null 2> err
[ $? -eq 2 ] && grep -q 'fitted on 2 series together' err || complain "one column was taken by a model of two: $(cat err)"
sed '1s/a,b/x,y/' rows.csv > renamed.csv
"$SSMCAST" forecast renamed.csv --column x,y --load both.safetensors > /dev/null 2> err ||
    complain "other names are no reason to fail: $(cat err)"
grep -q 'fitted on a, b, these are x, y' err || complain "no warning of other names: $(cat err)"

# in a comparison the columns are one vector for this model and a series each for others
head -111 rows.csv > full.csv
"$SSMCAST" compare full.csv --column a,b --models multivariate,naive --horizon 3 --output report --format json > out 2> err ||
    complain "compare failed: $(cat out err)"
grep -q '"model": "multivariate"' report.json || complain "multivariate is not in the report"
exit $failed
