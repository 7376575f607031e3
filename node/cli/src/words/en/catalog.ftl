# qianmo catalog
search-nothing = nothing found; try fewer words
search-silent = gave no answer: { $node }: { $error }
search-nothing-so-far = nothing found at the nodes that answered; not all did
search-cut = has more than the answer holds; search with more words: { $node }
