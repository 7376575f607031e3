# qianmo config
config-sound = the configuration is sound
config-would-not-start = the node in { $dir } would not start; { $mistakes } { $mistakes ->
    [one] mistake
   *[other] mistakes
 }:{ $told }
