-- How the bank's program is begun, where one signs on, what its amounts and dates look like, which buttons change
-- something. Written once for all robots that use it.
return desktop {
  start   = "build/examples/loan-core",
  login   = { fill = { "User", "clerk", "Password", secret "bank.password" }, press = "Sign in" },
  home    = "Loan Core",
  formats = { money = "1,234.56", date = "dd/mm/yyyy" },
  changes = { "Submit" },
  dialogs = { "Are you sure?", "Yes" },
}
