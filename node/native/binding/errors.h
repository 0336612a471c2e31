#pragma once

#include <napi.h>

#include <exception>
#include <type_traits>
#include <utility>

namespace vdb {

/** The one place where C++ exceptions become JavaScript errors with a `code` (addon.ts, EngineErrorCode). */
Napi::Error to_js_error(Napi::Env env, const std::exception_ptr& error);

/**
 * Runs the body of a function that JavaScript called. C++ exceptions leave as Napi::Error, which
 * node-addon-api turns into a throw in JavaScript; nothing else may cross that boundary.
 */
template <class Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw to_js_error(env, std::current_exception());
  }
}

}  // namespace vdb
