--- batch - what finish(batch) gets: every case of the period, all of them final.
local core = ...
local batch = {}

---@param rows table[]  { key, state, result, reason }
---@param period string
---@param file table?  the table of results (cases.to), as it was written
---@return table  done, rejected, failed (counts), period, rows(), file
function batch.new(rows, period, file)
  local b = { done = 0, rejected = 0, failed = 0, period = period, file = file }
  local list = {}
  for i, row in ipairs(rows) do
    b[row.state] = b[row.state] + 1
    list[i] = core._strict({ key = row.key, state = row.state, result = row.result or {}, reason = row.reason }, "the row")
  end
  function b.rows() return list end
  return core._strict(b, "the batch", { file = true })
end

return batch
