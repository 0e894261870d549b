--- invoice (English).
return {
  langs = "eng",
  fields = {
    number = { labels = { "Invoice number", "Invoice no", "Invoice #", "Invoice" }, pattern = "[%w][%w%-/]*%d[%w%-/]*", required = true },
    date = { labels = { "Invoice date", "Date of issue", "Date" }, type = "date", required = true },
    due = { labels = { "Due date", "Payment due", "Due" }, type = "date" },
    seller = { labels = { "Seller", "From", "Supplier", "Vendor" } },
    seller_tax_no = { labels = { "VAT number", "VAT no", "Tax number", "VAT ID" }, identifier = { "eu_vat" } },
    total = { labels = { "Total", "Amount due", "Total due", "Invoice total", "Grand total" }, type = "money", required = true },
  },
}
