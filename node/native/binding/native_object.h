#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "binding/errors.h"

namespace vdb {

/**
 * JavaScript objects that stand for a shared C++ object: the C++ object lives while the JavaScript
 * object, one of its methods, or another C++ object holds it. The tag says which C++ type is inside,
 * so that an object of another kind is refused and not misread.
 */
template <class T>
void put_inside(Napi::Object object, std::shared_ptr<T> inside, const napi_type_tag& tag) {
  auto owner = std::make_unique<std::shared_ptr<T>>(std::move(inside));
  const auto finalize = [](napi_env, void* held, void*) {
    const std::unique_ptr<std::shared_ptr<T>> last_owner(static_cast<std::shared_ptr<T>*>(held));
  };
  if (napi_type_tag_object(object.Env(), object, &tag) != napi_ok ||
      napi_wrap(object.Env(), object, owner.get(), finalize, nullptr, nullptr) != napi_ok) {
    throw Napi::Error::New(object.Env());
  }
  owner.release();
}

template <class T>
std::shared_ptr<T> take_inside(const Napi::Value& value, const napi_type_tag& tag, const char* expected) {
  bool matches = false;
  void* held = nullptr;
  if (!value.IsObject() || napi_check_object_type_tag(value.Env(), value, &tag, &matches) != napi_ok || !matches ||
      napi_unwrap(value.Env(), value, &held) != napi_ok) {
    throw Napi::TypeError::New(value.Env(), expected);
  }
  return *static_cast<std::shared_ptr<T>*>(held);
}

/** Adds a function to `object` whose C++ exceptions reach JavaScript as errors with a code. */
template <class Body>
void add_function(Napi::Env env, Napi::Object object, const char* name, Body body) {
  object.Set(name, Napi::Function::New(
                       env,
                       [body](const Napi::CallbackInfo& info) -> Napi::Value {
                         return guarded(info.Env(), [&]() -> Napi::Value { return body(info); });
                       },
                       name));
}

/** A method that holds `inside`; `body` is called with the arguments and it. */
template <class T, class Body>
void add_method(Napi::Object object, const char* name, const std::shared_ptr<T>& inside, Body body) {
  object[name] = Napi::Function::New(
      object.Env(),
      [inside, body](const Napi::CallbackInfo& info) -> Napi::Value {
        return guarded(info.Env(), [&]() -> Napi::Value { return body(info, inside); });
      },
      name);
}

/** A property that is computed at each read. */
template <class T, class Body>
void add_getter(Napi::Object object, const char* name, const std::shared_ptr<T>& inside, Body body) {
  object.DefineProperty(Napi::PropertyDescriptor::Accessor(
      object.Env(), object, name,
      [inside, body](const Napi::CallbackInfo& info) -> Napi::Value {
        return guarded(info.Env(), [&]() -> Napi::Value { return body(info, inside); });
      },
      napi_enumerable));
}

}  // namespace vdb
