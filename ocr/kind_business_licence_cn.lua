--- 营业执照: the business licence of the People's Republic of China, in simplified Chinese. One net reads Chinese; sizes
--- stand in for other nets.
return {
  langs = "chi_sim+eng",
  jury = { "chi_sim+eng" },
  fields = {
    number = { labels = { "统一社会信用代码", "注册号" }, identifier = { "uscc" }, required = true },
    name = { labels = { "名称", "企业名称" }, lines = true, required = true },
    legal_form = { labels = { "类型" } },
    address = { labels = { "住所", "地址", "经营场所" }, lines = true },
    representative = { labels = { "法定代表人", "负责人" } },
    capital = { labels = { "注册资本" }, type = "money", currency = "CNY" },
    established = { labels = { "成立日期" }, type = "date" },
  },
}
