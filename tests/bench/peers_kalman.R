# What R's KalmanLike and KFAS take per row of the reference systems: one line "case quantity microseconds" per
# figure, the least CPU time of several runs. See peers_kalman.sh.
#     Rscript peers_kalman.R FOLDER...        KFAS is left out when it is not installed
suppressMessages(has_kfas <- require(KFAS, quietly = TRUE))

read_json <- function(path) {        # numbers, names and nested lists, as the files have them
  text <- paste(readLines(path, warn = FALSE), collapse = "")
  text <- gsub("\\[", "list(", gsub("\\]", ")", gsub("\\{", "list(", gsub("\\}", ")", text))))
  eval(parse(text = gsub("\"([A-Za-z0-9_]+)\"\\s*:", "`\\1`=", text)))
}
rows_of <- function(x, nrow, ncol) matrix(unlist(x), nrow, ncol, byrow = TRUE)
cpu <- function() sum(proc.time()[1:2]) # resolves a millisecond
least <- function(f, budget = 0.1) {
  start <- cpu(); f()
  calls <- max(1, ceiling(0.03 / max(cpu() - start, 0.001)))
  best <- Inf; begin <- cpu(); runs <- 0
  while (runs < 2 || cpu() - begin < budget) {
    start <- cpu(); for (k in seq_len(calls)) f()
    best <- min(best, (cpu() - start) / calls); runs <- runs + 1
  }
  best
}
show <- function(name, quantity, f, rows) cat(name, quantity, 1e6 * least(f) / rows, "\n")

for (folder in commandArgs(TRUE)) {
  name <- basename(folder)
  s <- read_json(file.path(folder, "sys.json"))
  n <- s$n; p <- s$p; m <- s$m
  y <- matrix(readBin(file.path(folder, "y.f64"), "double", n * p, endian = "little"), n, p, byrow = TRUE)
  y[is.nan(y)] <- NA
  T <- rows_of(s$T, m, m); Z <- rows_of(s$Z, p, m); H <- rows_of(s$H, p, p); Q <- rows_of(s$RQR, m, m)
  P1 <- rows_of(s$P1, m, m); a1 <- unlist(s$a1)
  if (p == 1) {
    model <- list(T = T, Z = as.numeric(Z), h = H[1, 1], V = Q, a = a1, P = matrix(0, m, m), Pn = P1)
    show(name, "r_kalmanlike_full", function() KalmanLike(y[, 1], model, nit = 0L), n)
    if (n <= 20000) show(name, "r_kalmansmooth", function() KalmanSmooth(y[, 1], model, nit = 0L), n)
  }
  if (has_kfas) {
    K <- SSModel(y ~ -1 + SSMcustom(Z = Z, T = T, R = diag(m), Q = Q, a1 = a1, P1 = P1, P1inf = matrix(0, m, m)), H = H)
    show(name, "kfas_loglik_full", function() logLik(K, check.model = FALSE), n)
    show(name, "kfas_smooth", function() KFS(K, filtering = "none", smoothing = "state"), n)
  }
}
