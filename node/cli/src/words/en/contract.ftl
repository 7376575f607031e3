# qianmo contract
contracts-unlisted = contracts could not be listed at { $node }: { $error }
