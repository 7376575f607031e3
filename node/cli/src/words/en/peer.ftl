# qianmo peer
peer-forgotten = forgotten: { $peer }
peer-answers = it answers
peer-silent = known from now on, but it does not answer yet: { $error }
