--- declare - loads a robot without running it and gives its declaration.
local core = ...
local lang = core._builtin("lang")(core)
lang.declaring = true -- all that it says is looked at, also what a run does not need
return (lang.dsl("load").robot())
