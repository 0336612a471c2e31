#include "binding/errors.h"

#include <new>
#include <stdexcept>
#include <string>

#include "io/errors.h"

namespace vdb {
namespace {

Napi::Error coded(Napi::Env env, const char* code, const char* message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace

Napi::Error to_js_error(Napi::Env env, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Napi::Error& already) {
    return already;
  } catch (const IoError& io) {
    return coded(env, io.no_space() ? "NO_SPACE" : "IO", io.what());
  } catch (const FormatError& format) {
    return coded(env, "CORRUPT", format.what());
  } catch (const BadJson& json) {
    return coded(env, "BAD_JSON", json.what());
  } catch (const BadRequest& request) {
    return coded(env, "BAD_REQUEST", request.what());
  } catch (const PointNotFound& point) {
    return coded(env, "POINT_NOT_FOUND", point.what());
  } catch (const Closed& closed) {
    return coded(env, "CLOSED", closed.what());
  } catch (const std::exception& other) {
    // A defect of ours or memory that ran out: without a code it is answered as an internal error.
    return Napi::Error::New(env, other.what());
  } catch (...) {
    return Napi::Error::New(env, "an unknown exception in the engine");
  }
}

}  // namespace vdb
