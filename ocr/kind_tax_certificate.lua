--- tax certificate: who is registered for tax, under which number, how long the paper is good.
return {
  langs = "eng",
  fields = {
    number = { labels = { "Tax number", "Tax no", "VAT number", "VAT registration number", "纳税人识别号" },
      identifier = { "eu_vat", "uscc" }, required = true },
    taxpayer = { labels = { "Taxpayer", "Name of taxpayer", "纳税人名称" }, lines = true, required = true },
    issued_by = { labels = { "Issued by", "Issuing office", "税务机关" } },
    issued = { labels = { "Date of issue", "Issued on", "填发日期" }, type = "date" },
    valid_until = { labels = { "Valid until", "Valid to", "Expires", "有效期至" }, type = "date" },
  },
  checks = {
    { field = "valid_until", holds = function(value)
      local from, to = value "issued", value "valid_until"
      if from and to and to < from then return "it ends before the date of issue" end
    end },
  },
}
