# qianmo demo
demo-folder = folder { $dir }
demo-interrupted = interrupted; the nodes were stopped
demo-not-empty = { $dir } is not empty; give a new folder with --dir
demo-try = The nodes keep running. Try:
demo-stop = Stop them:
demo-no-program = { $program } does not start: { $error }
demo-no-start = the node in { $dir } did not start: { $how }. Its last words:
    { $last }
demo-ended = it ended
demo-too-long = it took too long
chapter-nodes = three hospitals run a node each and list their data
chapter-search = a consumer finds the data and brings a model to them
chapter-contracts = the consumer asks for contracts, the stewards sign them
chapter-run = a federated run fits the model, round by round
chapter-audit = an auditor verifies the three trails
demo-no-hospital = there is no hospital
demo-rows = ≈ { $rows } rows
demo-found-only = the search found only [{ $found }]; see the nodes' logs
demo-found = found { $found }
demo-evaluation = evaluation  { $correct }/{ $samples }, deviance { $deviance }
demo-newton = Newton step  deviance { $deviance }
demo-means = pooled means
demo-deviations = pooled deviations
demo-verified = { $verdict }  { $entries } { $entries ->
    [one] entry
   *[other] entries
 }
demo-model = The model, fitted over three hospitals:
demo-more = { $more } more with --json
demo-moved = What moved between departments:
