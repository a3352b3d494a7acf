# awk -f draw.awk motor.csv > motor.svg: angle, speed and load of the motor, true (grey, wide) and estimated (black).
BEGIN { FS = ","; width = 720; height = 170; split("angle, rad|speed, rad/s|load torque, Nm", title, "|") }
NR == 1 { next }
{
    n++; time[n] = $1
    for (k = 1; k <= 3; k++) {
        real[k, n] = $(2 * k); guess[k, n] = $(2 * k + 1)
        for (i = 0; i < 2; i++) {
            v = $(2 * k + i)
            if (n == 1 && i == 0 || v < low[k]) low[k] = v
            if (n == 1 && i == 0 || v > high[k]) high[k] = v
        }
    }
}
function line(value, k, style,    i, text) {
    text = ""
    for (i = 1; i <= n; i += 6)
        text = text sprintf("%.1f,%.1f ", 60 + (width - 80) * time[i] / time[n],
                            k * height - 25 - (height - 50) * (value[k, i] - low[k]) / (high[k] - low[k]))
    printf "<polyline fill=\"none\" %s points=\"%s\"/>\n", style, text
}
END {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, 3 * height
    print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    for (k = 1; k <= 3; k++) {
        printf "<text x=\"60\" y=\"%d\">%s (grey: true, black: estimated), from %.4g to %.4g, over %.0f s</text>\n", (k - 1) * height + 18, title[k], low[k], high[k], time[n]
        line(real, k, "stroke=\"#bbb\" stroke-width=\"5\"")
        line(guess, k, "stroke=\"black\" stroke-width=\"1\"")
    }
    print "</svg>"
}
