--- check_main - what `deskhand check` runs: the static rules over a bundle, and what is derived from it.
local core = ...
local lang = core._builtin("lang")(core)
lang.declaring = true
local check = lang.dsl("check")

local files, words, build = {}, {}, {}
for _, path in ipairs(core._paths()) do files[path] = core._source(path) end
for _, word in ipairs(core._words()) do
  build[word] = true
  local module = core._module_of(word)
  if module then words[word] = module end
end
local this = core._this()
local options = { words = words, build = build, kinds = {}, robot = this.robot }

local function mentioned(word)
  for _, text in pairs(files) do
    if text:find(word .. ".", 1, true) then return true end
  end
  return false
end

-- What a module says of itself: its functions, the kinds of documents it knows. One that cannot be loaded here leaves
-- its words open.
local does = { pure = "value", reads = "read", effects = "effect" }
local function ask_module(word, module)
  local ok, m = core._pcall(lang.dsl, module)
  if not ok or type(m) ~= "table" then return end
  for part, what in pairs(does) do
    for name in pairs(m[part] or {}) do words[word .. "." .. name] = { does = what } end
  end
  for kind, fields in pairs(m.kinds and m.kinds() or {}) do options.kinds[kind] = fields end
end

local modules = {}
for word, module in pairs(words) do
  if word:match "^[%w_]+$" and mentioned(word) then modules[word] = module end
end
for word, module in pairs(modules) do ask_module(word, module) end

local needs = check.needs(files, options)
for what, names in pairs(needs) do needs[what] = core._list(names) end

-- Only a robot that loads can be asked for its declaration; the findings say why it does not.
local ok, declaration = core._pcall(lang.dsl("load").robot)
return {
  findings = core._list(check.robot(files, options)),
  needs = needs,
  types = ok and check.types(declaration, this.robot) or nil,
}
