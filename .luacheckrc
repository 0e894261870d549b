-- The language's words are globals of robots; builtin files get their core as an argument.
std = "lua54"
max_line_length = 150
files["robots/"] = { globals = { "run", "finish" } }
files["**/fixtures/**/*.lua"] = { globals = { "run", "finish" } }
files["tests/bench/"] = { globals = { "run", "finish" } }
files["examples/"] = { globals = { "run", "finish" } }
local words = { "robot", "text", "number", "money", "date", "flag", "file", "list", "optional", "secret", "desktop", "terminal", "web",
  "effect", "review", "reject", "together", "each", "step", "now", "today", "wait", "log",
  "http", "json", "xml", "csv", "files", "company", "tax", "document", "identifier", "mail" }
read_globals = words
unused_args = false
exclude_files = { "dsl/types/*.lua" } -- declarations for editors, nothing that runs
