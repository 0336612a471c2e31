#include <optional>

#include "codec/json_reader.h"
#include "codec/parsed_upsert.h"
#include "codec/point_writer.h"

namespace vdb {
namespace {

/** Bytes of an operation per byte of body: numbers of 9 and more characters become 4 bytes. */
constexpr std::size_t expected_bytes(std::size_t body) { return body / 2 + 64; }

/** The top level of a body: one field that holds the points, and the rest as it stands. */
class BodyReader {
 public:
  BodyReader(std::string_view body, std::span<const VectorShape> shapes, OperationKind kind)
      : check_(shapes), reader_(body, check_), writer_(kind, check_, expected_bytes(body.size())), kind_(kind) {}

  ParsedUpsert run() {
    JsonScanner& scanner = reader_.scanner();
    bool has_points = false;
    std::string rest = "{";
    if (scanner.peek() != '{') scanner.fail("invalid type: expected an object");
    scanner.object([&](std::string_view key) {
      const bool list = key == "points";
      const bool columns = key == "batch" && kind_ == OperationKind::kUpsertPoints;
      if (list || columns) {
        if (has_points) scanner.fail("duplicate field `" + std::string(key) + "`");
        has_points = true;
        if (list) {
          point_list();
        } else {
          point_columns();
        }
        return;
      }
      if (rest.size() > 1) rest.push_back(',');
      append_quoted(rest, key);
      rest.push_back(':');
      scanner.copy_value(rest);
    });
    scanner.expect_end();
    if (!has_points) {
      scanner.fail(kind_ == OperationKind::kUpsertPoints ? "missing field `points` or `batch`" : "missing field `points`");
    }
    rest.push_back('}');
    ParsedUpsert parsed;
    parsed.points = writer_.count();
    parsed.operation = writer_.take();
    // Once more for keys that came twice.
    parsed.rest = minify_json(rest);
    return parsed;
  }

 private:
  void expect_list(std::string_view field) {
    if (reader_.scanner().peek() != '[') reader_.scanner().fail(std::string(field) + ": invalid type: expected an array");
  }

  void point_list() {
    expect_list("points");
    FieldPlace& place = reader_.place();
    place = {"points", 0, ""};
    reader_.scanner().array([&] {
      place.field = "";
      if (reader_.scanner().peek() != '{') reader_.fail("invalid type: expected an object");
      point();
      ++place.index;
    });
  }

  void point() {
    FieldPlace& place = reader_.place();
    std::optional<PointId> id;
    bool has_vector = false;
    bool has_payload = false;
    vectors_.clear();
    payload_.clear();
    const auto enter = [&](bool seen, std::string_view field) {
      if (seen) reader_.fail("duplicate field `" + std::string(field) + "`");
      place.field = field;
    };
    reader_.scanner().object([&](std::string_view key) {
      place.field = "";
      if (key == "id") {
        enter(id.has_value(), "id");
        id = reader_.id();
      } else if (key == "vector") {
        enter(has_vector, "vector");
        has_vector = true;
        reader_.vectors(vectors_);
      } else if (key == "payload" && kind_ == OperationKind::kUpsertPoints) {
        enter(has_payload, "payload");
        has_payload = true;
        reader_.payload(payload_);
      } else {
        reader_.scanner().skip_value();
      }
    });
    place.field = "";
    if (!id) reader_.fail("missing field `id`");
    if (!has_vector) reader_.fail("missing field `vector`");
    writer_.point(*id, vectors_, payload_);
  }

  /** One payload within `payload_`. */
  struct PayloadPart {
    std::size_t begin;
    std::size_t end;
  };

  void point_columns() {
    JsonScanner& scanner = reader_.scanner();
    std::optional<std::vector<PointId>> ids;
    std::optional<std::vector<PointVectors>> vectors;
    std::optional<std::vector<PayloadPart>> payloads;
    const auto once = [&](bool seen, std::string_view field) {
      if (seen) scanner.fail("batch: duplicate field `" + std::string(field) + "`");
    };
    if (scanner.peek() != '{') scanner.fail("batch: invalid type: expected an object");
    scanner.object([&](std::string_view key) {
      if (key == "ids") {
        once(ids.has_value(), "ids");
        ids.emplace();
        each("batch.ids", [&](std::size_t index) {
          check_point_count(index + 1);
          ids->push_back(reader_.id());
        });
      } else if (key == "vectors") {
        once(vectors.has_value(), "vectors");
        vectors = vector_columns();
      } else if (key == "payloads") {
        once(payloads.has_value(), "payloads");
        payloads = payload_column();
      } else {
        scanner.skip_value();
      }
    });
    if (!ids) scanner.fail("batch: missing field `ids`");
    if (!vectors) scanner.fail("batch: missing field `vectors`");
    const std::size_t count = ids->size();
    // An object without names is a column of points without vectors.
    if (vectors->empty() && no_names_) vectors->resize(count);
    check_length("vectors", count, vectors->size());
    if (payloads && !payloads->empty()) check_length("payloads", count, payloads->size());
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view payload;
      if (payloads && !payloads->empty()) {
        const PayloadPart part = (*payloads)[i];
        payload = std::string_view(payload_).substr(part.begin, part.end - part.begin);
      }
      writer_.point((*ids)[i], (*vectors)[i], payload);
    }
  }

  /** Reads an array, calling `element(index)` before each value. */
  template <class Element>
  void each(std::string_view list, Element&& element) {
    expect_list(list);
    FieldPlace& place = reader_.place();
    place = {list, 0, ""};
    reader_.scanner().array([&] {
      element(place.index);
      ++place.index;
    });
  }

  /** `vectors` of a batch: a column of the unnamed vector, or an object of such columns. */
  std::vector<PointVectors> vector_columns() {
    JsonScanner& scanner = reader_.scanner();
    std::vector<PointVectors> points;
    if (scanner.peek() == '[') {
      const std::uint16_t name = check_.find("");
      each("batch.vectors", [&](std::size_t index) {
        check_point_count(index + 1);
        reader_.vector(name, points.emplace_back());
      });
      return points;
    }
    if (scanner.peek() != '{') scanner.fail("batch.vectors: invalid type: expected an array or an object of arrays");
    no_names_ = true;
    scanner.object([&](std::string_view key) {
      const std::uint16_t name = check_.find(key);
      const bool first = no_names_;
      no_names_ = false;
      std::size_t count = 0;
      each("batch.vectors", [&](std::size_t index) {
        if (index == points.size()) {
          if (!first) check_length("vectors", points.size(), index + 1);
          check_point_count(index + 1);
          points.emplace_back();
        }
        reader_.vector(name, points[index]);
        count = index + 1;
      });
      check_length("vectors", points.size(), count);
    });
    return points;
  }

  std::vector<PayloadPart> payload_column() {
    std::vector<PayloadPart> parts;
    if (reader_.scanner().peek() == 'n') {
      reader_.scanner().skip_value();
      return parts;
    }
    payload_.clear();
    each("batch.payloads", [&](std::size_t) {
      const std::size_t begin = payload_.size();
      reader_.payload(payload_);
      parts.push_back({begin, payload_.size()});
    });
    return parts;
  }

  void check_length(std::string_view field, std::size_t expected, std::size_t got) {
    if (expected == got) return;
    throw BadRequest("batch." + std::string(field) + ": expected " + std::to_string(expected) +
                     " elements, one for each id, got " + std::to_string(got));
  }

  VectorCheck check_;
  PointJsonReader reader_;
  PointWriter writer_;
  OperationKind kind_;
  PointVectors vectors_;
  std::string payload_;
  /** The vectors of a batch were an object without members. */
  bool no_names_ = false;
};

}  // namespace

ParsedUpsert parse_upsert(std::string_view body, std::span<const VectorShape> shapes) {
  return BodyReader(body, shapes, OperationKind::kUpsertPoints).run();
}

ParsedUpsert parse_update_vectors(std::string_view body, std::span<const VectorShape> shapes) {
  return BodyReader(body, shapes, OperationKind::kUpdateVectors).run();
}

}  // namespace vdb
