--- business licence, certificate of registration, certificate of incorporation.
return {
  langs = "eng",
  fields = {
    number = { labels = { "LEI", "LEI code", "Registration number", "Registration no", "Company number", "Company no", "Unified social credit code",
      "统一社会信用代码", "統一社會信用代碼", "注册号" }, identifier = { "lei", "uscc", "uk_company" }, required = true },
    name = { labels = { "Company name", "Name", "Name of company", "名称", "企业名称", "名稱" }, lines = true, required = true },
    legal_form = { labels = { "Legal form", "Type", "类型", "類型" } },
    address = { labels = { "Registered address", "Registered office", "Address", "住所", "地址" }, lines = true },
    representative = { labels = { "Legal representative", "法定代表人" } },
    capital = { labels = { "Registered capital", "注册资本", "註冊資本" }, type = "money" },
    established = { labels = { "Date of establishment", "Established", "Date of incorporation", "成立日期" }, type = "date" },
  },
}
