-- loan-core: the bank's program for approvals. Signing on leads to the window Loan Core, where the table Approvals is.
return desktop {
  start   = "/opt/loan-core/loan-core",
  login   = { fill = { "User", secret "core.clerk.user", "Password", secret "core.clerk.password" }, press = "Sign in" },
  home    = "Loan Core",
  formats = { money = "1,234.56", date = "dd/mm/yyyy" },
  changes = { "Submit" },
  dialogs = {
    "Are you sure?", "Yes",
    "Session expires*", "Stay",
    "Posting period*", "Yes",
  },
}
