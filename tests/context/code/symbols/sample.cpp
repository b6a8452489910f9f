#include <memory>
#include <vector>
#include "shape.hpp"

namespace geo::flat {

constexpr double kPi = 3.14159;
using Points = std::vector<Point>;

/// What has an area: “Fläche”.
class Shape {
public:
    Shape() = default;
    explicit Shape(std::string name);
    virtual ~Shape();
    virtual double area() const = 0;
    const std::string& name() const { return name_; }

protected:
    std::string name_;
    Points *points = nullptr;
};

template <typename T>
struct Box : public Shape {
    T value;

    T &get() { return value; }
    bool operator==(const Box &other) const { return value == other.value; }
};

enum class Side { left, right };

Shape::Shape(std::string name) : name_(std::move(name)) {}

Shape::~Shape() { release(points); }

// The sum over all.
template <typename It>
double total(It begin, It end)
{
    double sum = 0;
    for (auto it = begin; it != end; ++it) {
        sum += it->area();
    }
    return sum;
}

}  // namespace geo::flat

namespace {
int counter = 0;

std::unique_ptr<geo::flat::Shape> make(Side side) {
    Logger log("größe");
    log.info(counter);
    return std::make_unique<Circle>(geo::flat::total(nullptr, nullptr));
}
}
