import { SPEND } from '../../doors/redis/limit.ts';

/** Deletes sessions that were silent for ARGV[3], the time that a ping is kept. ARGV[2] is now. */
const PRUNE = `
local function prune()
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    local last = string.match(all[i + 1], '(%d+)$')
    if not last or tonumber(ARGV[2]) - tonumber(last) > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[2], all[i]) end
  end
end`;

/**
 * Records one ping and never moves activity back. Returns the previous activity, or ''. Writes nothing and returns 'out'
 * for a session that was logged out or a token older than the cut, or 'unknown' if Firestore must be asked first. An empty
 * bucket (KEYS[3], of ARGV[7] pings a minute; 0: none) returns 'often:' with the wait, before anything else.
 */
export const PING = `${PRUNE}${SPEND}
if ARGV[7] ~= '0' then
  local wait = spend(KEYS[3], tonumber(ARGV[2]), tonumber(ARGV[7]))
  if wait > 0 then return 'often:' .. wait end
end
local cut = string.match(redis.call('HGET', KEYS[2], '*') or '', '(%d+)$')
if cut and tonumber(ARGV[6]) < tonumber(cut) then return 'out' end
local state = redis.call('HGET', KEYS[2], ARGV[1]) or ''
local kind, verified = string.match(state, '^(%a+):(%d+)')
if kind == 'out' and ARGV[4] ~= 'login' then return 'out' end
if ARGV[4] == 'verified' or ARGV[4] == 'login' then verified = ARGV[2]
elseif ARGV[4] == 'unverified' then verified = '0'
elseif not verified or tonumber(ARGV[2]) - tonumber(verified) > tonumber(ARGV[5]) then return 'unknown' end
if kind ~= 'live' then prune() end
redis.call('HSET', KEYS[2], ARGV[1], 'live:' .. verified .. ':' .. ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
local before = redis.call('GET', KEYS[1]) or ''
if (tonumber(before) or 0) < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return before`;

/** Lists the live sessions of KEYS[2] except ARGV[1], as pairs of name and last sign of life. */
const OTHERS = `
local function others()
  local all, found = redis.call('HGETALL', KEYS[2]), {}
  for i = 1, #all, 2 do
    local last = string.match(all[i + 1], '^live:%d+:(%d+)$')
    if last and all[i] ~= ARGV[1] then found[#found + 1] = all[i]; found[#found + 1] = last end
  end
  return found
end`;

/** Ends one session: sets its marker and deletes the activity. Returns the other live sessions. */
export const LOGOUT = `${PRUNE}${OTHERS}
prune()
redis.call('HSET', KEYS[2], ARGV[1], 'out:' .. ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('DEL', KEYS[1])
return others()`;

/**
 * Ends one session and all that were issued before ARGV[4]: field '*' keeps this cut. Deletes every live session, since no
 * field says when its token was issued; a token issued later asks Firestore again.
 */
export const LOGOUT_ALL = `
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do if string.match(all[i + 1], '^live:') then redis.call('HDEL', KEYS[2], all[i]) end end
local cut = string.match(redis.call('HGET', KEYS[2], '*') or '', '(%d+)$') or '0'
if tonumber(cut) < tonumber(ARGV[4]) then redis.call('HSET', KEYS[2], '*', 'before:' .. ARGV[4]) end
redis.call('HSET', KEYS[2], ARGV[1], 'out:' .. ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('DEL', KEYS[1])
return 1`;

/** Sets the marker of a session that ended earlier. If the activity is its own, that of another session replaces it. */
export const MARK = `${OTHERS}
local last = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^live:%d+:(%d+)$')
redis.call('HSET', KEYS[2], ARGV[1], 'out:' .. ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if not last or redis.call('GET', KEYS[1]) ~= last then return 0 end
local rest, newest = others(), 0
for i = 2, #rest, 2 do if tonumber(rest[i]) > newest then newest = tonumber(rest[i]) end end
if newest > 0 then redis.call('SET', KEYS[1], string.format('%.0f', newest), 'PX', ARGV[3])
else redis.call('DEL', KEYS[1]) end
return 1`;

/** Deletes each activity that is older than ARGV[1]. Returns for each key the activity that stays, or ''. */
export const FORGET = `
local left = {}
for i, key in ipairs(KEYS) do
  local at = redis.call('GET', key)
  if at and tonumber(at) and tonumber(at) >= tonumber(ARGV[1]) then left[i] = at
  else redis.call('DEL', key); left[i] = '' end
end
return left`;

/** Restores an activity, never over a newer one. */
export const PUT_BACK = `
local at = redis.call('GET', KEYS[1]) or ''
if (tonumber(at) or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
