--- loan application form.
return {
  langs = "eng",
  fields = {
    name = { labels = { "Name", "Applicant", "Name of applicant", "Company" }, required = true },
    amount = { labels = { "Amount", "Loan amount", "Amount requested" }, type = "money" },
    email = { labels = { "Email", "E-mail", "Email address" }, pattern = "[%w%.%-_+]+@[%w%-]+%.[%w%.%-]+" },
    phone = { labels = { "Phone", "Telephone", "Mobile" } },
    purpose = { labels = { "Purpose", "Purpose of the loan" } },
    date = { labels = { "Date" }, type = "date" },
    signed = { labels = { "Signature", "Signed" } },
  },
}
