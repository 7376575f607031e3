# qianmo data
data-reading = the node reads every row
data-removed = off the list: { $name }
data-listed = listed { $id }: about { $rows } { $rows ->
    [one] row
   *[other] rows
 }, { $fields } { $fields ->
    [one] field
   *[other] fields
 }, { $grade }
data-listed-next = next: see what others see of it: qianmo data show { $name }
yes = yes
descriptor-long = it has { $bytes } bytes
descriptor-no-text = it is not UTF-8 text
descriptor-no-toml = it is not TOML: { $error }
no-descriptor = { $path } is not a dataset's descriptor ({ $why }): put the data file into the data folder of the node, and give a small TOML file that names it and its fields, such as deploy/samples/screening.toml
