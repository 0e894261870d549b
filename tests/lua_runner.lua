--- Runs test files of pure Lua without the binary: lua5.4 tests/lua_runner.lua dsl/test_check.lua …
-- The same `test` module as `deskhand test` gives: case, eq, ok, raises.
package.path = "dsl/?.lua;" .. package.path
local t, passed, failed = {}, 0, 0

local function show(v, depth)
  if type(v) ~= "table" or depth > 4 then return type(v) == "string" and ("%q"):format(v) or tostring(v) end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = ("[%s] = %s"):format(show(k, 5), show(x, depth + 1)) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end
function t.case(name, f)
  local ok, err = xpcall(f, debug.traceback)
  if ok then passed = passed + 1 else failed = failed + 1 print("FAILED " .. name .. ": " .. tostring(err)) end
end
function t.eq(a, b, what)
  if show(a, 0) ~= show(b, 0) then error(("%s: got %s, wanted %s"):format(what or "eq", show(a, 0), show(b, 0)), 2) end
end
function t.ok(v, what) if not v then error(what or "not true", 2) end return v end
function t.raises(f, ...)
  local ok, err = pcall(f, ...)
  if ok then error("nothing was raised", 2) end
  return err
end
package.loaded.test = t
for _, file in ipairs(arg) do dofile(file) end
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
