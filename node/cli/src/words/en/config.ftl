# qianmo config
config-sound = the configuration is sound
