# qianmo run
run-sites = sites: { $sites }
run-no-contract-over = you have no contract in force, with runs left, for { $model } ({ $digest }) over { $dataset }; ask for one: qianmo request new
run-no-contract = you have no contract in force, with runs left, for { $model } ({ $digest }); ask for one: qianmo request new
run-site = site { $site }
run-round = round { $round }
round-line = round { $round }  { $rows } rows
