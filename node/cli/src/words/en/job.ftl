# qianmo job
order-other-dataset = { $contract } is for { $dataset }, not { $wanted }
order-several-models = the contract grants several models; choose with --model: { $digests }
order-other-params = { $contract } fixes the parameters, and these are others; give --params as in the request
job-ordered = ordered; it goes on if you stop waiting: { $id } --on { $department }
log-empty = no log lines: the model wrote none
log-dropped = { $lines } { $lines ->
    [one] line
   *[other] lines
 } dropped: the log was full
params-no-json = --params is not JSON: { $error }; quote it for the shell, or use @file
params-long = --params has { $bytes } bytes; the limit is { $limit }
