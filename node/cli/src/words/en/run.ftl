# qianmo run
run-sites = sites: { $sites }
run-site = site { $site }
run-round = round { $round }
round-line = round { $round }  { $rows } rows
