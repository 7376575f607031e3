# qianmo request
request-goes-elsewhere = 申请送往数据集所属部门 { $department }，而非 --on 指定的部门；请去掉 --on
terms-params-fixed = 固定，摘要 { $digest }
terms-params-any = 任意
terms-strings = 含文本列
request-too-far = 使用时限超过 { $days } 天；请缩短，到期后再次申请
request-question = 代表本部门签署以上条款？
request-empty = { $flag } 为空；数据提供部门须知晓，请填写
